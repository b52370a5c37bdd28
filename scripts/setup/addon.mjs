/**
 * Compiles packages/torch/native/*.cc into packages/torch/build/medssl-torch.node with the C++ compiler itself: a
 * handful of files and one link line need no build system, and any Node's headers serve, since it uses Node-API only.
 *
 * Data-parallel training is built where it can be and left out where not, since one process needs none of it: the folder
 * native/distributed goes into the addon; native/nccl becomes a library of its own, medssl-nccl.so, since it calls
 * libtorch_cuda, which only a program with a CUDA device loads.
 *
 * An object's name holds the hash of all that it is made from, so that an interrupted or repeated build compiles only
 * what is missing. `build.json` says what the addon was built from; it is written last.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { compile, findCompiler } from "./compiler.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {import("./torch-folder.mjs").TorchFolder} TorchFolder */
/** @typedef {import("./progress.mjs").Progress} Progress */

/**
 * @typedef {object} Build
 * @property {string} torchDir
 * @property {string} torchVersion
 * @property {string} compiler
 * @property {string} sourceHash Of sources and flags.
 * @property {{ gloo?: string | undefined, nccl?: string | undefined }} missing Parts that could not be built, each with the reason.
 */

const COMPILE_FLAGS = ["-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-Wall", "-DNAPI_VERSION=9"];
// Without OpenMP the loops of libtorch's headers, at::parallel_for, run on one thread. The symbols are those of the
// libgomp that libtorch brings; Clang's own runtime would be a second one beside it.
const GCC_FLAGS = ["-fopenmp"];
const LINK_FLAGS =
  platform() === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-Wl,--no-as-needed,-z,now"];
const DISTRIBUTED_FLAGS = ["-DUSE_DISTRIBUTED", "-DUSE_C10D_GLOO"];
const NCCL_FLAGS = ["-DUSE_DISTRIBUTED", "-DUSE_C10D_NCCL"];
// Each needs about 1.5 GB of memory: torch's headers are large.
const NUM_COMPILERS = 2;

/** @param {string} root */
export function addonPaths(root) {
  const build = join(root, "packages", "torch", "build");
  return {
    native: join(root, "packages", "torch", "native"),
    build,
    objects: join(build, "objects"),
    addon: join(build, "medssl-torch.node"),
    nccl: join(build, "medssl-nccl.so"),
    buildFile: join(build, "build.json"),
  };
}

/**
 * @param {string} root
 * @returns {Build | undefined} What the present addon was built from.
 */
export function readBuild(root) {
  const { addon, buildFile } = addonPaths(root);
  if (!existsSync(addon) || !existsSync(buildFile)) return undefined;
  return JSON.parse(readFileSync(buildFile, "utf8"));
}

/** @param {string} root */
export function sourceHash(root) {
  const { native } = addonPaths(root);
  const hash = createHash("sha256").update(
    [...COMPILE_FLAGS, ...GCC_FLAGS, ...LINK_FLAGS, platform(), process.arch].join("\n"),
  );
  for (const name of sources(native)) hash.update(`\n${name}\n`).update(readFileSync(join(native, name)));
  return hash.digest("hex").slice(0, 16);
}

/**
 * @param {Build | undefined} build
 * @param {TorchFolder} torch
 * @param {string} hash
 */
export function isCurrent(build, torch, hash) {
  return build?.torchDir === torch.dir && build.torchVersion === torch.version && build.sourceHash === hash;
}

/**
 * @param {string} root
 * @param {TorchFolder} torch
 * @param {NodeJS.ProcessEnv} env
 * @param {Progress} progress
 */
export async function buildAddon(root, torch, env, progress) {
  const paths = addonPaths(root);
  const hash = sourceHash(root);
  if (isCurrent(readBuild(root), torch, hash)) {
    progress.skip("addon", "up to date");
    return;
  }
  const compiler = await findCompiler(env);
  mkdirSync(paths.objects, { recursive: true });
  const isGcc = platform() === "linux" && !/clang/i.test(compiler.version);
  const flags = [...COMPILE_FLAGS, ...(isGcc ? GCC_FLAGS : []), ...includeFlags(root, torch)];
  const plan = (/** @type {string[]} */ extraFlags, /** @type {string} */ folder = "") => {
    const all = [...flags, ...extraFlags];
    const settings = [compiler.version, torch.dir, torch.version, ...all].join("\n");
    return planObjects(paths.native, paths.objects, settings, folder).map((job) => ({ ...job, flags: all }));
  };
  const jobs = plan([]);
  const glooNames = join(paths.native, "distributed", "gloo-names");
  const distributedJobs = plan([...DISTRIBUTED_FLAGS, "-isystem", glooNames], "distributed");
  const ncclJobs = torch.hasCuda ? plan([...NCCL_FLAGS, ...cudaIncludeFlags(paths.native, torch)], "nccl") : [];
  const isMissing = (/** @type {{ object: string }} */ { object }) => !existsSync(object);
  const allJobs = [...jobs, ...distributedJobs, ...ncclJobs];
  const numMissing = allJobs.filter(isMissing).length;
  const task = numMissing === 0 ? "linking" : `compiling ${numMissing} of ${allJobs.length} files`;
  const step = progress.begin("addon", `${task} with ${compiler.command}`);
  let done = 0;
  const compileAll = (/** @type {typeof jobs} */ wanted) =>
    inParallel(wanted.filter(isMissing), NUM_COMPILERS, async (job) => {
      await compile(compiler, [...job.flags, "-c", job.source], job.object, paths.objects, env);
      done += 1;
      step.update(`compiled ${done} of ${numMissing} files with ${compiler.command}`);
    });
  const libraries = [`-L${join(torch.dir, "lib")}`, "-ltorch_cpu", "-lc10", `-Wl,-rpath,${join(torch.dir, "lib")}`];
  const link = (/** @type {typeof jobs} */ linked, /** @type {string} */ output) => {
    const objects = linked.map(({ object }) => object);
    return compile(compiler, [...LINK_FLAGS, ...objects, ...libraries], output, paths.objects, env);
  };
  const linkAddon = async (/** @type {typeof jobs} */ linked) => {
    await link(linked, paths.addon);
    await requireLoads(root, paths.addon, torch);
  };
  /** @type {Build["missing"]} */
  const missing = {};
  try {
    await compileAll(jobs);
    missing.gloo = await reasonOfFailure(async () => {
      await compileAll(distributedJobs);
      await linkAddon([...jobs, ...distributedJobs]);
    });
    if (missing.gloo !== undefined) await linkAddon(jobs);
    missing.nccl = missing.gloo ?? (torch.hasCuda ? undefined : "this libtorch has no CUDA");
    missing.nccl ??= await reasonOfFailure(async () => {
      await compileAll(ncclJobs);
      await link(ncclJobs, paths.nccl);
    });
  } catch (error) {
    step.fail();
    throw error;
  }
  /** @type {Build} */
  const build = {
    torchDir: torch.dir,
    torchVersion: torch.version,
    compiler: compiler.version,
    sourceHash: hash,
    missing,
  };
  writeFileSync(`${paths.buildFile}.partial`, `${JSON.stringify(build, null, 2)}\n`);
  renameSync(`${paths.buildFile}.partial`, paths.buildFile);
  const used = new Set(allJobs.map(({ object }) => basename(object)));
  for (const name of readdirSync(paths.objects)) if (!used.has(name)) rmSync(join(paths.objects, name));
  step.done(`built with ${compiler.command} against libtorch ${torch.version}`);
}

/**
 * Builds an optional part. What fails is no failure of set-up; `medssl doctor` tells it.
 * @param {() => Promise<void>} build
 * @returns {Promise<string | undefined>} Why it failed, if so.
 */
async function reasonOfFailure(build) {
  try {
    await build();
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}

/**
 * Loads the addon in the project's Node: a libtorch may have been installed without libraries that it links.
 * @param {string} root
 * @param {string} addon
 * @param {TorchFolder} torch
 */
async function requireLoads(root, addon, torch) {
  const node = createRequire(join(root, "package.json")).resolve("node/bin/node");
  const { status, stderr } = await runCommand(node, ["-e", "require(process.argv[1])", addon]);
  if (status === 0) return;
  const reason = /Error: (.*)/.exec(stderr)?.[1] ?? stderr.trim();
  rmSync(addon);
  throw new SetupError(
    `the addon does not load with the libtorch in ${torch.dir}: ${reason}`,
    "Install that PyTorch again with all that it depends on, or point MEDSSL_TORCH to another libtorch.",
  );
}

/**
 * Paths in `native`, those of its folders included.
 * @param {string} native
 */
function sources(native) {
  return readdirSync(native, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(cc|h)$/.test(path))
    .sort();
}

/**
 * The object of each source in a folder of `native`. Headers count for every source: there are few, and a build takes
 * seconds.
 * @param {string} native
 * @param {string} objects
 * @param {string} settings
 */
export function planObjects(native, objects, settings, folder = "") {
  const shared = createHash("sha256").update(settings);
  const paths = sources(native);
  for (const path of paths)
    if (path.endsWith(".h")) shared.update(`\n${path}\n`).update(readFileSync(join(native, path)));
  return paths
    .filter((path) => path === join(folder, basename(path)) && path.endsWith(".cc"))
    .map((path) => {
      const source = join(native, path);
      const hash = shared.copy().update(readFileSync(source)).digest("hex").slice(0, 16);
      return { source, object: join(objects, `${basename(path, ".cc")}-${hash}.o`) };
    });
}

/**
 * @param {string} root
 * @param {TorchFolder} torch
 */
function includeFlags(root, torch) {
  const nodeHeaders = createRequire(join(root, "package.json"))("node-api-headers").include_dir;
  const include = join(torch.dir, "include");
  // As system headers, so that warnings are about our own code.
  return [include, join(include, "torch", "csrc", "api", "include"), nodeHeaders].flatMap((dir) => ["-isystem", dir]);
}

/**
 * Headers of CUDA and NCCL: those of the wheels beside this libtorch, which are of the versions that it was built with.
 * NCCL's from elsewhere would not do, since libtorch's own objects contain its structures.
 * @param {string} native
 * @param {TorchFolder} torch
 */
export function cudaIncludeFlags(native, torch) {
  const wheels = join(dirname(torch.dir), "nvidia");
  const folders = existsSync(wheels) ? readdirSync(wheels).sort() : [];
  const includes = folders.map((name) => join(wheels, name, "include")).filter((include) => existsSync(include));
  return [...includes, join(native, "nccl", "cuda-names")].flatMap((include) => ["-isystem", include]);
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} numWorkers
 * @param {(item: T) => Promise<void>} work
 */
async function inParallel(items, numWorkers, work) {
  const queue = [...items];
  const worker = async () => {
    try {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    } finally {
      queue.length = 0; // after a failure nothing new is begun
    }
  };
  await Promise.all(Array.from({ length: numWorkers }, worker));
}
