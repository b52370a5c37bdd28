/**
 * For benchmarks/gpu/run.sh: builds the addon against the libtorch in MEDSSL_TORCH, without the rest of set-up: the packages were brought along, not
 * installed. A C++ compiler has to be here, unless the addon was already built against that very folder and version.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildAddon } from "./setup/addon.mjs";
import { Progress } from "./setup/progress.mjs";
import { SetupError } from "./setup/setup-error.mjs";
import { torchFromVariable } from "./setup/torch-search.mjs";

try {
  const torch = torchFromVariable(/** @type {string} */ (process.env["MEDSSL_TORCH"]));
  await buildAddon(fileURLToPath(new URL("..", import.meta.url)), torch, process.env, new Progress({ isQuiet: false }));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`build-addon: ${error.message}\n${error.remedy}`);
  process.exitCode = 1;
}
