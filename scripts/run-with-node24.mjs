/**
 * Runs a program with the project's own Node 24, whichever Node this is.
 *
 * Signals reach the program, so that Ctrl-C and `kill` let it write its checkpoint, and its end is ours: same exit code.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import process from "node:process";

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} The exit code, as a shell tells it: 128 + number of the signal that ended the program.
 */
export function runWithNode24(args) {
  const node = createRequire(import.meta.url).resolve("node/bin/node");
  const child = spawn(node, args, { stdio: "inherit" });
  // A terminal sends Ctrl-C to both of us: only somebody else's SIGINT has to be passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
