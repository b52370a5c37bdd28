/** The Pythons of this machine: one of them may have PyTorch, and any with pip can fetch it. */
import { join } from "node:path";
import { runCommand } from "./run-command.mjs";

// find_spec, since importing torch takes seconds; the current folder is no place to look for packages.
const QUESTION = `
import importlib.util, json, os, sys
sys.path = [p for p in sys.path if p]
torch = importlib.util.find_spec("torch")
print(json.dumps({
    "path": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "hasPip": importlib.util.find_spec("pip") is not None,
    "torchDir": os.path.dirname(torch.origin) if torch and torch.origin else None,
}))`;

/**
 * @typedef {object} Python
 * @property {string} path
 * @property {string} version
 * @property {boolean} hasPip
 * @property {string | null} torchDir Folder of its PyTorch, if it has one.
 */

/**
 * An active virtual environment comes first, as it does in the user's shell.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Python[]>}
 */
export async function findPythons(env) {
  const folders = [env["VIRTUAL_ENV"], env["CONDA_PREFIX"]].filter((folder) => folder !== undefined && folder !== "");
  const commands = [
    ...folders.map((folder) => join(/** @type {string} */ (folder), "bin", "python")),
    "python3",
    "python",
  ];
  const answers = await Promise.all(commands.map((command) => runCommand(command, ["-c", QUESTION], { env })));
  /** @type {Python[]} */
  const pythons = [];
  for (const { status, stdout } of answers) {
    if (status !== 0) continue;
    const python = /** @type {Python} */ (JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
    if (!pythons.some(({ path }) => path === python.path)) pythons.push(python);
  }
  return pythons;
}
