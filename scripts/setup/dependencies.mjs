/** npm's packages, from the lock file. Node 24 is one of them. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { requireSpace } from "./disk-space.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

const SPACE_BYTES = 0.6e9;

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

/**
 * @param {string} root The repository.
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./progress.mjs").Progress} progress
 */
export async function installDependencies(root, env, progress) {
  if (isInstalled(root)) {
    progress.skip("dependencies", "up to date");
    return;
  }
  requireSpace("npm's packages", join(root, "node_modules"), SPACE_BYTES, "");
  const step = progress.begin("dependencies", "npm ci");
  try {
    const node = Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : await fetchNode(root, env);
    await npm(["ci"], { root, node, env });
    if (!existsSync(projectNode(root))) {
      throw new SetupError(
        `npm did not install Node 24: there is no ${projectNode(root)}`,
        "Its install script has to run; where npm's scripts are switched off: npm_config_ignore_scripts=false npm run setup",
      );
    }
  } catch (error) {
    step.fail();
    throw error;
  }
  writeFileSync(stampFile(root), lockHash(root));
  rmSync(bootstrapFolder(root), { recursive: true, force: true });
  step.done("installed, Node 24 among them");
}

/** @param {string} root */
const projectNode = (root) => join(root, "node_modules", "node", "bin", "node");

/** @param {string} root */
const bootstrapFolder = (root) => join(root, ".setup", "node24");

/**
 * Fetches the project's Node for npm itself: under an older one npm silently leaves out optional packages that ask for a
 * newer one, and sharp would miss its library.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
async function fetchNode(root, env) {
  const folder = bootstrapFolder(root);
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  await npm(["install", "--no-save", "--prefix", folder, `node@${devDependencies.node}`], {
    root: folder,
    node: process.execPath,
    env,
  });
  return projectNode(folder);
}

/**
 * Runs npm with a Node of our choice; scripts of packages find the same one first in their PATH.
 * @param {readonly string[]} args
 * @param {{ root: string, node: string, env: NodeJS.ProcessEnv }} options
 */
async function npm(args, { root, node, env }) {
  // Under `npm run`, npm_execpath is the very npm that is running.
  const running = env["npm_execpath"];
  const [command, prefix] = running?.endsWith(".js") ? [node, [running]] : ["npm", []];
  const PATH = `${dirname(node)}${delimiter}${env["PATH"]}`;
  const { status, stderr } = await runCommand(command, [...prefix, ...args, "--no-fund", "--no-audit"], {
    cwd: root,
    // ONNX Runtime's script would fetch CUDA libraries from elsewhere, which need not be reachable; nothing here uses them.
    env: { ...env, PATH, ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  if (status !== 0) throw npmFailure(root, status, stderr);
}

/**
 * True when everything that the lock file names for this machine is in node_modules, in the version named. npm keeps what
 * it installed in a lock file of its own there; comparing the two is exact where times of files are not.
 *
 * An optional package may be absent after our own install (a registry may lack it), but not after somebody else's: npm
 * under an old Node leaves out what asks for a newer one.
 * @param {string} root
 */
export function isInstalled(root) {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile) || !existsSync(projectNode(root))) return false;
  /** @type {LockFile} */
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  /** @type {LockFile} */
  const installed = JSON.parse(readFileSync(installedFile, "utf8"));
  const isOurs = existsSync(stampFile(root)) && readFileSync(stampFile(root), "utf8") === lockHash(root);
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    if (found === undefined) return entry.optional === true && (isOurs || !isForThisMachine(entry));
    return existsSync(join(root, path)) && found.version === entry.version && found.link === entry.link;
  });
}

/** @param {string} root */
const stampFile = (root) => join(root, "node_modules", ".medssl-setup");

/** @param {string} root */
const lockHash = (root) =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

/** @param {LockedPackage} entry */
function isForThisMachine({ os, cpu, libc }) {
  if (os === undefined || !os.includes(process.platform) || !cpu?.includes(process.arch)) return false;
  return libc === undefined || libc.includes(existsSync("/etc/alpine-release") ? "musl" : "glibc");
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
