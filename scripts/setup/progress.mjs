/**
 * One line a step on stderr: live where that is a terminal, else a line when long work begins and one when it is done.
 */
import process from "node:process";

const NAME_WIDTH = 14;

/** @param {number} bytes */
export function megabytes(bytes) {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export class Progress {
  #isQuiet;
  #isTerminal = Boolean(process.stderr.isTTY);
  #hasTitle = false;

  /** @param {{ isQuiet: boolean }} options With `isQuiet`, steps that have nothing to do print nothing. */
  constructor({ isQuiet }) {
    this.#isQuiet = isQuiet;
  }

  /**
   * A step that found its work done.
   * @param {string} name
   * @param {string} text
   */
  skip(name, text) {
    if (!this.#isQuiet) this.#write(`${name.padEnd(NAME_WIDTH)}${text}\n`);
  }

  /**
   * A sentence worth reading besides the steps.
   * @param {string} text
   */
  note(text) {
    this.#write(`${"".padEnd(NAME_WIDTH)}${text}\n`);
  }

  /**
   * Begins work; `update` replaces the text while it goes on, `done` ends the line with the time taken.
   * @param {string} name
   * @param {string} text
   */
  begin(name, text) {
    const started = Date.now();
    const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
    let current = text;
    const draw = () => this.#write(`\r\x1b[K  ${name.padEnd(NAME_WIDTH)}${current}  ${seconds()}`, "");
    const timer = this.#isTerminal ? setInterval(draw, 250) : undefined;
    if (!this.#isTerminal) this.#write(`${name.padEnd(NAME_WIDTH)}${text} ...\n`);
    const end = (/** @type {string} */ ending) => {
      clearInterval(timer);
      if (this.#isTerminal) this.#write("\r\x1b[K", "");
      this.#write(ending);
    };
    return {
      update: (/** @type {string} */ newText) => {
        current = newText;
      },
      done: (/** @type {string} */ result) => end(`${name.padEnd(NAME_WIDTH)}${result}  (${seconds()})\n`),
      fail: () => end(""),
    };
  }

  /**
   * @param {string} text
   * @param {string} [indent]
   */
  #write(text, indent = "  ") {
    if (!this.#hasTitle) process.stderr.write("Setting up MedSSL-ViT\n");
    this.#hasTitle = true;
    if (text !== "") process.stderr.write(indent + text);
  }
}
