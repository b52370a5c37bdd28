/** The steps of set-up in their order; setup.mjs says what they are for. */
import { platform } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildAddon, readBuild } from "./addon.mjs";
import { installDependencies } from "./dependencies.mjs";
import { Progress } from "./progress.mjs";
import { findPythons } from "./python.mjs";
import { SetupError } from "./setup-error.mjs";
import { fetchTorch } from "./torch-fetch.mjs";
import { inspectTorchFolder, isSupportedVersion } from "./torch-folder.mjs";
import { hasNvidiaGpu, searchTorch, torchFromVariable } from "./torch-search.mjs";

/** @typedef {import("./torch-folder.mjs").TorchFolder} TorchFolder */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {{ isQuiet: boolean }} options
 * @returns {Promise<number>} The exit code.
 */
export async function setUp({ isQuiet }) {
  const progress = new Progress({ isQuiet });
  const started = Date.now();
  try {
    if (platform() === "win32") {
      throw new SetupError(
        "Windows itself is not supported",
        "Use the Windows Subsystem for Linux (WSL) and run the same command there.",
      );
    }
    await installDependencies(ROOT, progress);
    const torch = await findTorch(process.env, progress);
    await buildAddon(ROOT, torch, process.env, progress);
    progress.skip("ready", `in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\nset-up: ${error.message}\n${error.remedy.replace(/^/gm, "  ")}`);
    return 1;
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {Progress} progress
 * @returns {Promise<TorchFolder>}
 */
async function findTorch(env, progress) {
  const variable = env["MEDSSL_TORCH"];
  const wantsCuda = hasNvidiaGpu();
  const known = variable ? torchFromVariable(variable) : torchOfBuild(wantsCuda);
  if (known !== undefined) {
    progress.skip("libtorch", `${known.version} in ${known.dir}`);
    return known;
  }
  const pythons = await findPythons(env);
  const found = searchTorch({ env, pythons, wantsCuda, note: (text) => progress.note(text) });
  if (found === undefined) return await fetchTorch({ env, pythons, withCuda: wantsCuda, progress });
  progress.skip("libtorch", `${found.version} in ${found.dir}`);
  return found;
}

/**
 * The libtorch that the addon was built with, if it is still there: no need to ask every Python again.
 * @param {boolean} wantsCuda
 * @returns {TorchFolder | undefined}
 */
function torchOfBuild(wantsCuda) {
  const build = readBuild(ROOT);
  if (build === undefined) return undefined;
  const found = inspectTorchFolder(build.torchDir);
  if ("missing" in found || !isSupportedVersion(found.version) || (wantsCuda && !found.hasCuda)) return undefined;
  return found;
}
