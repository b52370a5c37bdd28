/**
 * Compiles packages/imaging/src/raster/kernel/*.as to WebAssembly: `node scripts/build-kernel.mjs`.
 *
 * The compiler is fetched by npx when it is needed, since only who changes the kernel needs it; the result is committed.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelSources, sumOf } from "./kernel-sources.mjs";

const COMPILER = "assemblyscript@0.28.20";
const OPTIONS = ["-O3", "--converge", "--noAssert", "--enable", "simd", "--runtime", "stub", "--initialMemory", "1"];

const folder = fileURLToPath(new URL("../packages/imaging/src/raster/kernel/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "medssl-kernel-"));
try {
  // The compiler knows no other extension than .ts, which our own TypeScript compiler would check.
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".as"))) {
    copyFileSync(join(folder, name), join(work, name.replace(/\.as$/, ".ts")));
  }
  const binary = join(work, "kernel.wasm");
  const command = ["-y", "-p", COMPILER, "asc", join(work, "kernel.ts"), ...OPTIONS, "-o", binary];
  execFileSync("npx", command, { stdio: "inherit", cwd: work });
  const text = readFileSync(binary).toString("base64");
  writeFileSync(
    join(folder, "kernel-bytes.ts"),
    `// Written by scripts/build-kernel.mjs from the .as files beside it, kernelSources = "${sumOf(kernelSources(folder))}".
export const kernelBytes =
  "${text}";
`,
  );
} finally {
  rmSync(work, { recursive: true });
}
