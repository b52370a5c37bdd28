/**
 * What a libtorch folder is: it holds lib/ and include/, as site-packages/torch does and libtorch's zip file too.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** What set-up fetches. */
export const FETCHED_VERSION = "2.15.0";
const OLDEST = [2, 11];
const NEWEST = [2, 15];
export const SUPPORTED_VERSIONS = `${OLDEST.join(".")} to ${NEWEST.join(".")}`;

/**
 * @typedef {object} TorchFolder
 * @property {string} dir Holds lib/ and include/.
 * @property {string} version As PyTorch says it: "2.15.0+cu132".
 * @property {boolean} hasCuda
 */

/** @param {string} version */
export function isSupportedVersion(version) {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return (
    major === OLDEST[0] && minor >= /** @type {number} */ (OLDEST[1]) && minor <= /** @type {number} */ (NEWEST[1])
  );
}

/**
 * Version and CUDA version as torch/version.py says them; the zip file of libtorch has a file `build-version` instead.
 * @param {string} dir
 * @returns {{ version: string, cuda: string | undefined } | undefined}
 */
export function readTorchVersion(dir) {
  const python = join(dir, "version.py");
  if (existsSync(python)) {
    const text = readFileSync(python, "utf8");
    const version = /^__version__ = ['"]([^'"]+)['"]/m.exec(text)?.[1];
    const cuda = /^cuda(?:: [^=]+)? = ['"]([^'"]+)['"]/m.exec(text)?.[1];
    return version === undefined ? undefined : { version, cuda };
  }
  const plain = join(dir, "build-version");
  if (existsSync(plain)) return { version: readFileSync(plain, "utf8").trim(), cuda: undefined };
  return undefined;
}

/**
 * The libtorch in `folder`, in `folder/torch` where a site-packages folder was named, or what is missing there.
 * @param {string} folder
 * @returns {TorchFolder | { missing: string }}
 */
export function inspectTorchFolder(folder) {
  const given = resolve(folder);
  const dir = existsSync(join(given, "torch", "lib")) ? join(given, "torch") : given;
  if (!existsSync(dir)) return { missing: "there is no such folder" };
  const libraries = existsSync(join(dir, "lib")) ? readdirSync(join(dir, "lib")) : [];
  if (!libraries.some((name) => /^libtorch_cpu\.(so|dylib)$/.test(name))) {
    return { missing: "it has no lib/libtorch_cpu.so (.dylib on macOS)" };
  }
  if (!existsSync(join(dir, "include", "ATen"))) return { missing: "it has no C++ headers (include/ATen)" };
  const version = readTorchVersion(dir)?.version;
  if (version === undefined) return { missing: "it has neither version.py nor build-version" };
  return { dir, version, hasCuda: libraries.some((name) => name.startsWith("libtorch_cuda.")) };
}
