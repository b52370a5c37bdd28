/**
 * The Pythons that peers run in: with PyTorch of the version that the addon was built with, and timm or MONAI; and with
 * the libraries that read medical images.
 *
 * Found  `MEDSSL_BENCH_PYTHON` if set; else an environment in `.bench/`, made on the first use. It takes over installed
 *        packages of these versions; else pip fetches them, PyTorch with CUDA's libraries on Linux (several gigabytes).
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MedsslError } from "@medssl/contract";
import { buildInfo } from "@medssl/torch";

/** Folder for what benchmarks make; not in the repository. */
export const benchDir = fileURLToPath(new URL("../.bench/", import.meta.url));

const print = (python: string, code: string): string =>
  execFileSync(python, ["-c", code], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

/** Path of a Python that imports torch, timm, numpy and safetensors. */
export const peerPython = (): string => torchPython("python", "timm", "1.0.31");

/** Path of a Python that imports torch, MONAI, numpy and safetensors. */
export const monaiPython = (): string => torchPython("python-monai", "monai", "1.6.1");

/** With PyTorch of the addon's version, and one library more. */
function torchPython(name: string, library: string, version: string): string {
  // Without the build's own suffix, such as "+cu132": package indexes list the version alone.
  const torchVersion = buildInfo().torchVersion.replace(/\+.*/, "");
  const given = process.env["MEDSSL_BENCH_PYTHON"];
  const packages = [`torch==${torchVersion}`, `${library}==${version}`, "numpy", "safetensors"];
  const python = given ?? environment(`${name}-${torchVersion}`, packages);
  const found = print(python, `import torch, ${library}, numpy, safetensors; print(torch.__version__)`);
  if (!found.startsWith(torchVersion)) {
    throw new MedsslError(
      "ERR_PEER_VERSION",
      `${python} has PyTorch ${found}, the addon was built with ${torchVersion}.`,
      {
        hint: "Both must run the same kernels: unset MEDSSL_BENCH_PYTHON, or set MEDSSL_TORCH to that PyTorch and run `npm run setup`.",
      },
    );
  }
  return python;
}

/** Packages that the ingest benchmark's peer is written with; every wheel is a few megabytes. */
const IMAGING_PACKAGES = [
  "numpy",
  "Pillow",
  "pydicom==3.0.2",
  "pylibjpeg[libjpeg,openjpeg,rle]",
  "nibabel==5.4.2",
] as const;

/** Path of a Python that imports numpy, Pillow, pydicom with pylibjpeg, and nibabel: `MEDSSL_BENCH_PYTHON`, or one of ours. */
export function imagingPython(): string {
  const given = process.env["MEDSSL_BENCH_PYTHON"];
  const python = given ?? environment("python-imaging", IMAGING_PACKAGES);
  print(python, "import numpy, PIL, pydicom, pylibjpeg, openjpeg, nibabel");
  return python;
}

/** Path of a Python that imports torch, monai and scipy: `MEDSSL_BENCH_PYTHON`, or one of ours. */
export function metricsPython(): string {
  const torchVersion = buildInfo().torchVersion.replace(/\+.*/, "");
  const given = process.env["MEDSSL_BENCH_PYTHON"];
  const python = given ?? environment("python-metrics", [`torch==${torchVersion}`, "monai==1.6.1", "scipy", "numpy"]);
  print(python, "import torch, monai, scipy");
  return python;
}

/** Path of a Python that has torch, MONAI and what reads and writes images: `MEDSSL_BENCH_PYTHON`, or one of ours. */
export function predictionPython(): string {
  const torchVersion = buildInfo().torchVersion.replace(/\+.*/, "");
  const given = process.env["MEDSSL_BENCH_PYTHON"];
  const packages = [`torch==${torchVersion}`, "monai==1.6.1", "safetensors", ...IMAGING_PACKAGES];
  const python = given ?? environment("python-prediction", packages);
  print(python, "import torch, monai, safetensors, numpy, PIL, pydicom, nibabel");
  return python;
}

/** Path of the Python of an environment in `.bench/`, made on the first use. */
function environment(name: string, packages: readonly string[]): string {
  const dir = join(benchDir, name);
  if (!existsSync(join(dir, "ready"))) {
    console.error(`Setting up a Python environment for the peers in ${dir}, once.`);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(benchDir, { recursive: true });
    execFileSync("python3", ["-m", "venv", "--system-site-packages", dir], { stdio: ["ignore", 2, 2] });
    execFileSync(join(dir, "bin", "pip"), ["install", "--quiet", ...packages], { stdio: ["ignore", 2, 2] });
    writeFileSync(join(dir, "ready"), "");
  }
  return join(dir, "bin", "python");
}
