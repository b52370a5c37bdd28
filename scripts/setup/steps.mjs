/** The steps of set-up in their order; setup.mjs says what they are for. */
import { platform } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildAddon, readBuild } from "./addon.mjs";
import { findCompiler } from "./compiler.mjs";
import { installDependencies } from "./dependencies.mjs";
import { withLock } from "./lock.mjs";
import { Progress } from "./progress.mjs";
import { findPythons } from "./python.mjs";
import { SetupError } from "./setup-error.mjs";
import { fetchTorch } from "./torch-fetch.mjs";
import { inspectTorchFolder, isSupportedVersion } from "./torch-folder.mjs";
import { cacheFolder, hasNvidiaGpu, searchCache, searchPythons, torchFromVariable } from "./torch-search.mjs";

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
    // Said before minutes of downloads rather than after them.
    if (readBuild(ROOT) === undefined) await findCompiler(process.env);
    await withLock(
      join(ROOT, ".setup"),
      (text) => progress.note(text),
      async () => {
        await installDependencies(ROOT, process.env, progress);
        const torch = await findTorch(process.env, progress);
        await buildAddon(ROOT, torch, process.env, progress);
      },
    );
    progress.skip("ready", `in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return 0;
  } catch (error) {
    const failure = asSetupError(error);
    console.error(`\nset-up: ${failure.message}\n${failure.remedy.replace(/^/gm, "  ")}`);
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
  const note = (/** @type {string} */ text) => progress.note(text);
  const installed = searchPythons(pythons, note) ?? searchCache(env, wantsCuda);
  if (installed === undefined) {
    return await withLock(cacheFolder(env), note, async () => {
      // Another clone's set-up may have fetched it meanwhile.
      const fetched = searchCache(env, wantsCuda);
      return fetched ?? (await fetchTorch({ env, pythons, withCuda: wantsCuda, progress }));
    });
  }
  progress.skip("libtorch", `${installed.version} in ${installed.dir}`);
  return installed;
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

/**
 * What the operating system refuses is the user's to mend as well; anything else is a bug and keeps its stack trace.
 * @param {unknown} error
 * @returns {SetupError}
 */
export function asSetupError(error) {
  if (error instanceof SetupError) return error;
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SetupError(
      `the disk is full: cannot write ${path}`,
      "Free some space there and run the same command again.",
    );
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new SetupError(
      `no permission to write ${path}`,
      "Make it writable for you (see its owner), and run the same command again.",
    );
  }
  throw error;
}
