/**
 * Weights go both ways between our ViT and timm's: the same features from the same file.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadStateDict, stateDict, ViT } from "@medssl/learn";
import { manualSeed, noGrad, randn, readSafetensors, scope, writeSafetensors } from "@medssl/torch";
import { benchDir, peerPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";

const shape = { imageSize: 64, patchSize: 8, embedDim: 96, depth: 4, numHeads: 3, mlpRatio: 4 } as const;

const variants = [
  { hasClassToken: true, numRegisters: 0, hasLayerScale: false },
  { hasClassToken: false, numRegisters: 0, hasLayerScale: false },
  { hasClassToken: true, numRegisters: 4, hasLayerScale: true },
] as const;

export async function run(): Promise<BenchmarkResult> {
  mkdirSync(benchDir, { recursive: true });
  const script = fileURLToPath(new URL("interchange/theirs.py", import.meta.url));
  const rows = variants.map((variant) => {
    const [ours, theirs] = ["ours", "theirs"].map((name) => join(benchDir, `interchange-${name}.safetensors`)) as [
      string,
      string,
    ];
    manualSeed(1);
    const make = () => new ViT({ ...shape, ...variant, positions: "sincos" });
    const model = make();
    noGrad(() => {
      for (const { ls1, ls2 } of model.blocks) for (const scale of [ls1, ls2]) scale?.gamma.uniform_(0.2, 1);
    });
    const images = randn([2, 1, shape.imageSize, shape.imageSize]);
    writeSafetensors(ours, [...stateDict(model), ["images", images]]);
    execFileSync(peerPython(), [script, ours, theirs, JSON.stringify({ ...shape, ...variant })], {
      stdio: ["ignore", 2, 2],
    });
    return noGrad(() =>
      scope(() => {
        const { tensors } = readSafetensors(theirs);
        const difference = (vit: ViT, features: string) =>
          vit.forwardTokens(images).sub(tensors.get(features)!).abs().amax().item().toExponential(1);
        const loaded = make();
        loadStateDict(loaded, tensors, { prefix: "weights." });
        return {
          "class token": variant.hasClassToken ? "yes" : "no",
          registers: variant.numRegisters,
          "layer scale": variant.hasLayerScale ? "yes" : "no",
          "ours in timm, largest difference": difference(model, "features_of_ours"),
          "timm's in ours, largest difference": difference(loaded, "features_of_theirs"),
        };
      }),
    );
  });
  return { name: "interchange", rows };
}
