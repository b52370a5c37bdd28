import { renameSync, rmSync } from "node:fs";
import { platform } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {{ command: string, version: string }} Compiler `version` is its own first line about itself. */

/**
 * The first C++ compiler that answers: $CXX, else c++, g++, clang++.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Compiler>}
 */
export async function findCompiler(env) {
  const chosen = env["CXX"];
  for (const command of chosen ? [chosen] : ["c++", "g++", "clang++"]) {
    const { status, stdout } = await runCommand(command, ["--version"], { env });
    if (status === 0) return { command, version: stdout.split("\n")[0] ?? command };
  }
  throw new SetupError(
    chosen ? `the C++ compiler CXX=${chosen} does not run` : "no C++ compiler was found (c++, g++ or clang++)",
    "It is needed once, to build the addon (C++20: g++ 11, clang 14 or later).\n" +
      (platform() === "darwin"
        ? "Install it: xcode-select --install"
        : "Debian, Ubuntu: sudo apt-get install g++\nFedora: sudo dnf install gcc-c++") +
      "\nOr set CXX to one that is elsewhere.",
  );
}

/**
 * Runs the compiler; the output takes its name only when it is whole.
 * @param {Compiler} compiler
 * @param {readonly string[]} args
 * @param {string} output
 * @param {string} scratch
 * @param {NodeJS.ProcessEnv} env
 */
export async function compile(compiler, args, output, scratch, env) {
  // A compiler that outlived a killed set-up may still be writing its own.
  const partial = join(scratch, `${basename(output)}.${process.pid}.partial`);
  const { status, stderr } = await runCommand(compiler.command, [...args, "-o", partial], { env });
  if (status === 0) {
    if (stderr.trim() !== "") process.stderr.write(`\n${stderr}`);
    renameSync(partial, output);
    return;
  }
  rmSync(partial, { force: true });
  if (/No space left/i.test(stderr)) {
    throw new SetupError(
      `the disk is full: the addon needs 50 MB in ${output}`,
      "Free some space there and run the same command again.",
    );
  }
  if (/Killed|out of memory/i.test(stderr)) {
    throw new SetupError(
      "the compiler ran out of memory",
      "Close other programs (each of two compilers takes up to 2 GB) and run the same command again.",
    );
  }
  const errors = stderr.split("\n").filter((line) => /error|undefined/i.test(line));
  throw new SetupError(
    `${compiler.version} cannot build ${basename(output)}:\n${(errors.length > 0 ? errors : stderr.split("\n")).slice(0, 8).join("\n")}`,
    "A compiler for C++20 is needed: g++ 11, clang 14 or later. Set CXX to one, and run the same command again.",
  );
}
