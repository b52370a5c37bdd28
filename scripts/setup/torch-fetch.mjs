/**
 * Fetches libtorch into the user's cache with pip. It is what the `torch` wheel has in torch/lib and torch/include.
 *
 * Without an NVIDIA card only the CPU's part is kept, with the two small libraries that the Linux build links
 * (libcudart, libcupti), laid out as pip lays them out, since libtorch looks for them beside itself. With a card, pip
 * installs the wheel and all that it depends on.
 *
 * Everything is made in `<folder>.partial` and renamed at the end: what has its final name is whole. Wheels that were
 * fetched before an interruption are kept and used; those of CUDA, which pip installs by itself, are fetched again.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { platform } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFull, freeBytes, requireSpace } from "./disk-space.mjs";
import { megabytes } from "./progress.mjs";
import { folderBytes, runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { FETCHED_VERSION, inspectTorchFolder, readTorchVersion } from "./torch-folder.mjs";
import { cachedTorchFolder } from "./torch-search.mjs";

/** @typedef {import("./progress.mjs").Progress} Progress */
/** @typedef {import("./python.mjs").Python} Python */
/** @typedef {import("./torch-folder.mjs").TorchFolder} TorchFolder */

// For a moment the wheel lies there twice, or beside what is unpacked of it: 0.54 + 0.54 GB for the CPU. With CUDA it is
// 5.5 GB unpacked beside 3 GB of wheels.
const CPU_SPACE_BYTES = 1.2e9;
const CUDA_SPACE_BYTES = 9e9;
const ELSEWHERE =
  "Or let it lie elsewhere: XDG_CACHE_HOME=/folder/with/space.\nOr point MEDSSL_TORCH to a libtorch you have.";

// Any Python's pip can fetch the wheel of a Python that PyTorch supports; nothing of Python in it is used.
const WHEEL_FOR = ["--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"];

// In torch/lib, but not needed to compute on the CPU; libtorch.so is an empty library that links all the others.
const NOT_FOR_CPU = "lib(torch_cuda|c10_cuda|caffe2_nvrtc|torch_nvshmem|torch_python|shm|torch\\.)";

/**
 * @param {{ env: NodeJS.ProcessEnv, pythons: readonly Python[], withCuda: boolean, progress: Progress }} options
 * @returns {Promise<TorchFolder>}
 */
export async function fetchTorch({ env, pythons, withCuda, progress }) {
  const python = requirePip(pythons);
  const target = cachedTorchFolder(env, withCuda);
  const partial = `${target}.partial`;
  const neededBytes = withCuda ? CUDA_SPACE_BYTES : CPU_SPACE_BYTES;
  requireSpace("libtorch", target, neededBytes - folderBytes(partial), ELSEWHERE);
  const step = progress.begin("libtorch", `fetching ${FETCHED_VERSION} with pip into ${target}`);
  const timer = setInterval(
    () => step.update(`fetching ${FETCHED_VERSION} with pip: ${megabytes(folderBytes(partial))}`),
    500,
  );
  const wheels = join(partial, "wheels");
  const unpacked = join(partial, "unpacked");
  // pip's own temporary files belong on the disk whose space was checked.
  const temporary = join(partial, "temporary");
  const clean = () => {
    for (const folder of [unpacked, temporary]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    clean();
    for (const folder of [wheels, unpacked, temporary]) mkdirSync(folder, { recursive: true });
    const fetcher = new Fetcher(
      python,
      { wheels, unpacked, temporary },
      {
        ...env,
        TMPDIR: temporary,
        PIP_REQUIRE_VIRTUALENV: "false", // nothing is installed into a Python
      },
    );
    if (withCuda) await fetcher.install(`torch==${FETCHED_VERSION}`);
    else await fetchForCpu(fetcher);
    const made = inspectTorchFolder(unpacked);
    if ("missing" in made) {
      throw new SetupError(
        `the libtorch that pip fetched cannot be used: ${made.missing}`,
        "Point MEDSSL_TORCH to another.",
      );
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(unpacked, target);
    rmSync(partial, { recursive: true, force: true });
  } catch (error) {
    step.fail();
    if (isDiskFull(error)) throw diskFull("libtorch", target, neededBytes, freeBytes(target), ELSEWHERE);
    throw error;
  } finally {
    clearInterval(timer);
    clean();
  }
  const found = /** @type {TorchFolder} */ (inspectTorchFolder(target));
  step.done(`${found.version}, ${megabytes(folderBytes(target))} in ${target}`);
  return found;
}

/** @param {Fetcher} fetcher */
async function fetchForCpu(fetcher) {
  const torch = await fetcher.download(`torch==${FETCHED_VERSION}`);
  await fetcher.extract(torch, "^torch/(lib|include|\\.dylibs)/|^torch\\.libs/|^torch/version\\.py$", NOT_FOR_CPU);
  const cuda = readTorchVersion(join(fetcher.unpacked, "torch"))?.cuda;
  if (cuda === undefined || platform() !== "linux") return;
  const suffix = Number.parseInt(cuda, 10) >= 13 ? "" : `-cu${Number.parseInt(cuda, 10)}`;
  for (const name of ["cuda-runtime", "cuda-cupti"]) {
    const wheel = await fetcher.download(`nvidia-${name}${suffix}==${cuda}.*`);
    await fetcher.extract(wheel, "lib(cudart|cupti)\\.so");
  }
}

/** pip, and the folders that it works in. */
class Fetcher {
  /**
   * @param {Python} python
   * @param {{ wheels: string, unpacked: string, temporary: string }} folders
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(python, { wheels, unpacked, temporary }, env) {
    this.python = python;
    this.wheels = wheels;
    this.unpacked = unpacked;
    this.temporary = temporary;
    this.env = env;
  }

  /**
   * The wheel's path; one that an earlier run fetched is not fetched again. pip copies what it fetched to its place,
   * which a full disk cuts short: only what is moved to `wheels` is whole.
   * @param {string} requirement
   */
  async download(requirement) {
    const prefix = `${/** @type {string} */ (requirement.split("==")[0]).replaceAll("-", "_")}-`;
    const find = (/** @type {string} */ folder) =>
      readdirSync(folder).find((name) => name.startsWith(prefix) && name.endsWith(".whl"));
    const kept = find(this.wheels);
    if (kept !== undefined) return join(this.wheels, kept);
    await this.#pip(requirement, ["download", "--no-deps", ...WHEEL_FOR, "--dest", this.temporary]);
    const name = /** @type {string} */ (find(this.temporary));
    renameSync(join(this.temporary, name), join(this.wheels, name));
    return join(this.wheels, name);
  }

  /** @param {string} requirement */
  async install(requirement) {
    await this.#pip(requirement, ["install", ...WHEEL_FOR, "--no-compile", "--target", this.unpacked]);
  }

  /**
   * @param {string} wheel
   * @param {string} pattern
   * @param {string} [except]
   */
  async extract(wheel, pattern, except = "(?!)") {
    const script = fileURLToPath(new URL("extract_wheel.py", import.meta.url));
    const { status, stderr } = await runCommand(this.python.path, [script, wheel, this.unpacked, pattern, except], {
      env: this.env,
    });
    if (status === 0) return;
    if (/No space left/i.test(stderr)) throw Object.assign(new Error(stderr), { code: "ENOSPC" });
    rmSync(wheel, { force: true });
    throw new SetupError(
      `${basename(wheel)} cannot be unpacked: ${stderr.trim().split("\n").at(-1)}`,
      "It was removed; run the same command again.",
    );
  }

  /**
   * @param {string} requirement
   * @param {string[]} args
   */
  async #pip(requirement, args) {
    // pip's cache would hold every wheel a second time.
    const common = ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
    const [verb, ...rest] = args;
    const { status, stdout, stderr } = await runCommand(
      this.python.path,
      ["-m", "pip", /** @type {string} */ (verb), ...common, ...rest, requirement],
      { env: this.env },
    );
    if (status !== 0) throw pipFailure(requirement, stdout + stderr, this.python);
  }
}

/**
 * @param {string} requirement
 * @param {string} output
 * @param {Python} python
 */
export function pipFailure(requirement, output, python) {
  if (/No space left|Errno 28|Disk quota/i.test(output)) return Object.assign(new Error(output), { code: "ENOSPC" });
  const offline =
    "Or, on a machine without network: install PyTorch there, or copy a libtorch folder and point MEDSSL_TORCH to it.";
  if (
    /NewConnectionError|Failed to establish|Connection refused|name resolution|Read timed out|ConnectTimeout|ProxyError|SSLError|Network is unreachable|ProtocolError|Connection reset|IncompleteRead/i.test(
      output,
    )
  ) {
    return new SetupError(
      `pip cannot reach its package index to fetch ${requirement} (no network?)`,
      `Check the network, or the proxy or index in \`${python.path} -m pip config list\`, and run the same command again.\n${offline}`,
    );
  }
  if (/No matching distribution|Could not find a version/i.test(output)) {
    return new SetupError(
      `pip finds no ${requirement} for this machine (${platform()} ${process.arch})`,
      `Update pip (${python.path} -m pip install --upgrade pip), and see that its index has PyTorch's wheels.\n${offline}`,
    );
  }
  const errors = output.split("\n").filter((line) => line.startsWith("ERROR"));
  return new SetupError(
    `pip could not fetch ${requirement}: ${(errors.length > 0 ? errors : output.trim().split("\n").slice(-3)).join("\n")}`,
    `Mend that and run the same command again.\n${offline}`,
  );
}

/** @param {readonly Python[]} pythons */
export function requirePip(pythons) {
  const python = pythons.find(({ hasPip }) => hasPip);
  if (python !== undefined) return python;
  const elsewhere = "Or point MEDSSL_TORCH to a libtorch you have (a folder that holds lib/ and include/).";
  const first = pythons[0];
  if (first === undefined) {
    throw new SetupError(
      "Python 3 was not found; it is needed to fetch libtorch with pip",
      `Debian, Ubuntu: sudo apt-get install python3 python3-pip\nFedora: sudo dnf install python3-pip\nmacOS: brew install python\n${elsewhere}`,
    );
  }
  throw new SetupError(
    `${first.path} has no pip; it is needed to fetch libtorch`,
    `Debian, Ubuntu: sudo apt-get install python3-pip\nElse: ${first.path} -m ensurepip\n${elsewhere}`,
  );
}

/** @param {unknown} error */
function isDiskFull(error) {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}
