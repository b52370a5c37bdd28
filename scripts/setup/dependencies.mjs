/** npm's packages, from the lock file. Node 24 is one of them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requireSpace } from "./disk-space.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

const SPACE_BYTES = 0.6e9;

/** @typedef {{ version?: string, link?: boolean, resolved?: string, optional?: boolean }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

/**
 * @param {string} root The repository.
 * @param {import("./progress.mjs").Progress} progress
 */
export async function installDependencies(root, progress) {
  if (isInstalled(root)) {
    progress.skip("dependencies", "up to date");
    return;
  }
  requireSpace("npm's packages", join(root, "node_modules"), SPACE_BYTES, "");
  const step = progress.begin("dependencies", "npm ci (Node 24 among them)");
  // Under `npm run`, npm_execpath is the very npm that is running; its own `npm` may not be in the PATH.
  const npm = process.env["npm_execpath"];
  const [command, args] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const { status, stderr } = await runCommand(command, [...args, "ci", "--no-fund", "--no-audit"], { cwd: root });
  if (status !== 0) {
    step.fail();
    throw npmFailure(root, status, stderr);
  }
  step.done("installed");
}

/**
 * True when everything that the lock file names for this platform is in node_modules, in the version named. npm keeps
 * what it installed in a lock file of its own there; comparing the two is exact where times of files are not.
 * @param {string} root
 */
export function isInstalled(root) {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile) || !existsSync(join(root, "node_modules", "node", "bin", "node"))) return false;
  /** @type {LockFile} */
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  /** @type {LockFile} */
  const installed = JSON.parse(readFileSync(installedFile, "utf8"));
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    // Optional packages are those of other platforms; where one is there it must be the right one.
    if (found === undefined) return entry.optional === true;
    return existsSync(join(root, path)) && found.version === entry.version && found.link === entry.link;
  });
}

/**
 * @param {string} root
 * @param {number} status
 * @param {string} stderr
 */
function npmFailure(root, status, stderr) {
  if (status === 127) {
    return new SetupError("npm was not found", "Install npm (it comes with Node: https://nodejs.org).");
  }
  if (/ENOSPC|no space left/i.test(stderr)) {
    return new SetupError(
      `the disk is full: npm's packages need about 600 MB in ${join(root, "node_modules")}`,
      "Free some space there and run the same command again.",
    );
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(stderr)) {
    return new SetupError(
      "npm cannot reach its registry (no network?)",
      "Check the network, or the proxy or registry in `npm config list`, and run the same command again.",
    );
  }
  const lines = stderr
    .trim()
    .split("\n")
    .filter((line) => line.includes("npm error") || line.includes("npm ERR!"));
  return new SetupError(
    `npm ci failed:\n${lines.slice(0, 12).join("\n")}`,
    "Mend that and run the same command again.",
  );
}
