import { platform } from "node:os";
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
