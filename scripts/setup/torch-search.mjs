/**
 * Where libtorch comes from: MEDSSL_TORCH, an installed PyTorch, the user's cache; fetching it is torch-fetch.mjs.
 */
import { existsSync } from "node:fs";
import { homedir, platform } from "node:os";
import { join } from "node:path";
import { SetupError } from "./setup-error.mjs";
import { FETCHED_VERSION, inspectTorchFolder, isSupportedVersion, SUPPORTED_VERSIONS } from "./torch-folder.mjs";

/** @typedef {import("./torch-folder.mjs").TorchFolder} TorchFolder */
/** @typedef {import("./python.mjs").Python} Python */

/** @param {NodeJS.ProcessEnv} env */
export function cacheFolder(env) {
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && xdg !== "") return join(xdg, "medssl");
  return platform() === "darwin" ? join(homedir(), "Library", "Caches", "medssl") : join(homedir(), ".cache", "medssl");
}

/**
 * Folder of a fetched libtorch; with CUDA it is another one, so that a cache shared by several machines serves all.
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} withCuda
 */
export function cachedTorchFolder(env, withCuda) {
  return join(cacheFolder(env), `torch-${FETCHED_VERSION}${withCuda ? "-cuda" : ""}`);
}

/** An NVIDIA card whose driver is loaded; under WSL the driver is the host's. */
export function hasNvidiaGpu() {
  return existsSync("/proc/driver/nvidia/version") || existsSync("/usr/lib/wsl/lib/libcuda.so.1");
}

/**
 * The libtorch that MEDSSL_TORCH names, which must be usable, since the user chose it.
 * @param {string} folder
 * @returns {TorchFolder}
 */
export function torchFromVariable(folder) {
  const remedy =
    "Set it to a folder that holds lib/ and include/ (such as .../site-packages/torch), or unset it:\n" +
    "an installed PyTorch is then used, or libtorch is fetched.";
  const found = inspectTorchFolder(folder);
  if ("missing" in found)
    throw new SetupError(`MEDSSL_TORCH=${folder} is not a libtorch folder: ${found.missing}`, remedy);
  if (!isSupportedVersion(found.version)) {
    throw new SetupError(
      `MEDSSL_TORCH=${folder} holds libtorch ${found.version}, but ${SUPPORTED_VERSIONS} is needed`,
      remedy,
    );
  }
  return found;
}

/**
 * The first PyTorch that can be used. One that cannot is told to `note`: a fetched one serves as well.
 * @param {readonly Python[]} pythons
 * @param {(text: string) => void} note
 * @returns {TorchFolder | undefined}
 */
export function searchPythons(pythons, note) {
  for (const { torchDir, path } of pythons) {
    if (torchDir === null) continue;
    const found = inspectTorchFolder(torchDir);
    if ("missing" in found) note(`the PyTorch of ${path} is not used: ${found.missing}`);
    else if (isSupportedVersion(found.version)) return found;
    else note(`PyTorch ${found.version} of ${path} is not used: ${SUPPORTED_VERSIONS} is needed`);
  }
  return undefined;
}

/**
 * The libtorch that an earlier set-up fetched; a machine without a card can use one with CUDA as well.
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} wantsCuda
 * @returns {TorchFolder | undefined}
 */
export function searchCache(env, wantsCuda) {
  for (const withCuda of wantsCuda ? [true] : [false, true]) {
    const found = inspectTorchFolder(cachedTorchFolder(env, withCuda));
    if (!("missing" in found)) return found;
  }
  return undefined;
}
