/**
 * What `medssl doctor` looks at. Each check says what was found and, where something is missing, how to mend it.
 *
 * Nothing here may need the addon: the doctor is asked exactly when that does not load.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Bfloat16Support } from "@medssl/torch";
import { addonPaths, readBuild } from "../../../scripts/setup/addon.mjs";
import { findCompiler } from "../../../scripts/setup/compiler.mjs";
import { freeBytes } from "../../../scripts/setup/disk-space.mjs";
import { megabytes } from "../../../scripts/setup/progress.mjs";
import { findPythons } from "../../../scripts/setup/python.mjs";
import { inspectTorchFolder, isSupportedVersion, SUPPORTED_VERSIONS } from "../../../scripts/setup/torch-folder.mjs";
import { cacheFolder, hasNvidiaGpu } from "../../../scripts/setup/torch-search.mjs";

export interface HealthCheck {
  readonly name: string;
  /** `missing` keeps MedSSL from working, `note` from working at its best. */
  readonly status: "ok" | "note" | "missing";
  readonly found: string;
  readonly remedy?: string;
}

/** What the addon says, or why it does not load. */
type Addon = AddonFacts | { readonly failure: string };

interface AddonFacts {
  readonly threads: number;
  readonly cudaDevices: number;
  readonly bfloat16: { readonly cpu: Bfloat16Support; readonly isFasterOnCuda: boolean };
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const setUpAgain = "Run `npm run setup`.";
/** Stores, runs and a report of a study of a few thousand images. */
const comfortableBytes = 5e9;

/** Looks at everything, in the order in which things depend on each other. */
export async function checkHealth(): Promise<HealthCheck[]> {
  const addon = await loadAddon();
  return [
    { name: "Node", status: "ok", found: `${process.versions.node} (${process.execPath})` },
    checkTorch(),
    checkAddon(addon),
    ...checkDevices(addon),
    ...checkDataParallel(addon),
    ...checkPrecision(addon),
    checkMemory(),
    checkDisk("disk, cache", cacheFolder(process.env)),
    checkDisk("disk, here", process.cwd()),
    ...(await checkTools()),
  ];
}

async function loadAddon(): Promise<Addon> {
  try {
    const { cpuBfloat16, cudaDeviceCount, hasFastBfloat16, numThreads } = await import("@medssl/torch");
    const cudaDevices = cudaDeviceCount();
    const bfloat16 = { cpu: cpuBfloat16(), isFasterOnCuda: cudaDevices > 0 && hasFastBfloat16("cuda") };
    return { threads: numThreads(), cudaDevices, bfloat16 };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

function checkTorch(): HealthCheck {
  const name = "libtorch";
  const build = readBuild(root);
  if (build === undefined) return { name, status: "missing", found: "not set up", remedy: setUpAgain };
  const torch = inspectTorchFolder(build.torchDir);
  if ("missing" in torch) {
    return { name, status: "missing", found: `${build.torchDir}: ${torch.missing}`, remedy: setUpAgain };
  }
  const found = `${torch.version} in ${torch.dir}`;
  if (!isSupportedVersion(torch.version)) {
    return { name, status: "missing", found, remedy: `${SUPPORTED_VERSIONS} is needed. ${setUpAgain}` };
  }
  if (torch.version !== build.torchVersion) {
    return { name, status: "missing", found: `${found}, was ${build.torchVersion}`, remedy: setUpAgain };
  }
  return { name, status: "ok", found };
}

function checkAddon(addon: Addon): HealthCheck {
  const name = "addon";
  if ("failure" in addon) return { name, status: "missing", found: addon.failure, remedy: setUpAgain };
  return { name, status: "ok", found: addonPaths(root).addon };
}

function checkDevices(addon: Addon): HealthCheck[] {
  const model = cpus()[0]?.model ?? process.arch;
  const threads = "failure" in addon ? "" : `, ${addon.threads} threads`;
  const checks: HealthCheck[] = [
    { name: "cpu", status: "ok", found: `${model}, ${availableParallelism()} cores${threads}` },
  ];
  const cudaDevices = "failure" in addon ? 0 : addon.cudaDevices;
  if (cudaDevices > 0) checks.push({ name: "cuda", status: "ok", found: `${cudaDevices} devices (--device cuda)` });
  else if (hasNvidiaGpu()) {
    checks.push({
      name: "cuda",
      status: "note",
      found: "there is an NVIDIA card, but libtorch cannot use it",
      remedy: "Install a CUDA build of PyTorch, or unset MEDSSL_TORCH, and run `npm run setup`.",
    });
  } else checks.push({ name: "cuda", status: "ok", found: "no NVIDIA card" });
  return checks;
}

/** Several devices or machines at once (docs/distributed.md). */
function checkDataParallel(addon: Addon): HealthCheck[] {
  const build = readBuild(root);
  if ("failure" in addon || build === undefined) return [];
  const name = "data parallel";
  const { gloo, nccl } = build.missing;
  if (gloo !== undefined) {
    return [
      {
        name,
        status: "note",
        found: `not in this build: ${gloo.split("\n")[0]}`,
        remedy:
          "One process needs none of it. For several: PyTorch's wheels have it; unset MEDSSL_TORCH, npm run setup.",
      },
    ];
  }
  if (nccl === undefined) return [{ name, status: "ok", found: "gloo (cpu), nccl (cuda)" }];
  if (addon.cudaDevices === 0) return [{ name, status: "ok", found: "gloo (cpu)" }];
  return [
    {
      name,
      status: "note",
      found: `gloo; GPUs go through the host's memory, without nccl: ${nccl.split("\n")[0]}`,
      remedy: "Install PyTorch with pip and all that it depends on (nvidia-nccl has nccl.h), then npm run setup.",
    },
  ];
}

function checkPrecision(addon: Addon): HealthCheck[] {
  if ("failure" in addon) return [];
  const { cpu, isFasterOnCuda } = addon.bfloat16;
  const word = (isFaster: boolean) => (isFaster ? "bf16" : "fp32");
  const instructions = cpu.instructions.join(", ") || "no bf16 instructions";
  const onCuda = addon.cudaDevices > 0 ? `; cuda: ${word(isFasterOnCuda)}` : "";
  return [
    { name: "precision", status: "ok", found: `auto takes cpu: ${word(cpu.isFaster)} (${instructions})${onCuda}` },
  ];
}

function checkMemory(): HealthCheck {
  const free = process.availableMemory();
  const found = `${megabytes(free)} of ${megabytes(totalmem())} available`;
  if (free > 3e9) return { name: "memory", status: "ok", found };
  return {
    name: "memory",
    status: "note",
    found,
    remedy: "Training wants 3 GB: close other programs, or lower --set batchSize.",
  };
}

function checkDisk(name: string, folder: string): HealthCheck {
  const free = freeBytes(folder);
  const found = `${megabytes(free)} free in ${folder}`;
  if (free > comfortableBytes) return { name, status: "ok", found };
  return {
    name,
    status: "note",
    found,
    remedy: `Stores, runs and libtorch take up to ${megabytes(comfortableBytes)}.`,
  };
}

/** Set-up's tools: once it is done, only a new version of the addon or of libtorch needs them again. */
async function checkTools(): Promise<HealthCheck[]> {
  const pythons = await findPythons(process.env);
  const python = pythons.find(({ hasPip }) => hasPip) ?? pythons[0];
  const checks: HealthCheck[] = [];
  if (python?.hasPip) checks.push({ name: "python, pip", status: "ok", found: `${python.version} (${python.path})` });
  else {
    checks.push({
      name: "python, pip",
      status: "note",
      found: python === undefined ? "no Python 3" : `${python.path} has no pip`,
      remedy: "Set-up fetches libtorch with pip: install python3-pip, or set MEDSSL_TORCH.",
    });
  }
  try {
    const { version } = await findCompiler(process.env);
    checks.push({ name: "compiler", status: "ok", found: version });
  } catch (error) {
    const { message, remedy } = error as { message: string; remedy: string };
    checks.push({ name: "compiler", status: "note", found: message, remedy });
  }
  return checks;
}
