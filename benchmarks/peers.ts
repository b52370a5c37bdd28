/**
 * The Python that peers run in: PyTorch of the version that the addon was built with, and timm.
 *
 * Found  `MEDSSL_BENCH_PYTHON` if set; else an environment in `.bench/`, made on the first use. It takes over an installed
 *        PyTorch of that version; else pip fetches one, with CUDA's libraries on Linux (several gigabytes, once).
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
export function peerPython(): string {
  // Without the build's own suffix, such as "+cu132": package indexes list the version alone.
  const torchVersion = buildInfo().torchVersion.replace(/\+.*/, "");
  const given = process.env["MEDSSL_BENCH_PYTHON"];
  const python = given ?? join(benchDir, `python-${torchVersion}`, "bin", "python");
  if (given === undefined && !existsSync(join(benchDir, `python-${torchVersion}`, "ready")))
    makeEnvironment(torchVersion);
  const found = print(python, "import torch, timm, numpy, safetensors; print(torch.__version__)");
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

function makeEnvironment(torchVersion: string): void {
  const dir = join(benchDir, `python-${torchVersion}`);
  console.error(`Setting up a Python environment for the peers in ${dir}, once.`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(benchDir, { recursive: true });
  execFileSync("python3", ["-m", "venv", "--system-site-packages", dir], { stdio: ["ignore", 2, 2] });
  const packages = [`torch==${torchVersion}`, "timm==1.0.31", "numpy", "safetensors"];
  execFileSync(join(dir, "bin", "pip"), ["install", "--quiet", ...packages], { stdio: ["ignore", 2, 2] });
  writeFileSync(join(dir, "ready"), "");
}
