/**
 * A program that is measured: it stays alive and does what it is told, a line of JSON at a time, so that two of them can
 * take turns on one machine and the machine's mood falls on both.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

type Values = Readonly<Record<string, unknown>>;

/** The side that asks. */
export class Contender {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Our side: a file of this folder. */
  static ours(file: string): Contender {
    return new Contender(process.execPath, [path(file)], {});
  }

  /** A peer: a file of this folder, run by Python. */
  static theirs(python: string, file: string, env: Readonly<Record<string, string>> = {}): Contender {
    return new Contender(python, [path(file)], { PYTHONPATH: path("."), ...env });
  }

  /** Sends a request and waits for its answer. */
  async ask<Answer>(request: string, values: Values = {}): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify({ request, ...values })}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#child.spawnargs.join(" ")} ended instead of answering "${request}"`);
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}

/** The side that answers, in our own contenders; Python's is serve.py. */
export async function serve(
  handlers: Readonly<Record<string, (values: never) => object | Promise<object>>>,
): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    const { request, ...values } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await handlers[request]!(values as never))}\n`);
  }
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
