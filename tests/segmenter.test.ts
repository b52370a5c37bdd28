/**
 * One network in libtorch and in ONNX Runtime, on the same slices: the same labels. MONAI and PyTorch themselves are the
 * judges of the tiling in packages/segmenter; here it is a real network's graph, as it is exported.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ModelCard, SegmentationPlan } from "@medssl/contract";
import type { Scan } from "@medssl/imaging";
import { encodeOnnx, HybridUNet, labelMaps, segmentImages, traceNetwork, ViT } from "@medssl/learn";
import { Segmenter } from "@medssl/segmenter";
import { fromTypedArray, manualSeed, scope, setNumThreads } from "@medssl/torch";

const tinyCard = fileURLToPath(new URL("../packages/segmenter/src/fixtures/tiny-model/model.json", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "medssl-segmenter-"));
after(() => rmSync(folder, { recursive: true }));

const SIDE = 32;
const [DEPTH, HEIGHT, WIDTH] = [5, 44, 70] as const;
const sizes = { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2, mlpRatio: 2 } as const;
const network = scope(() => {
  setNumThreads(1);
  manualSeed(3);
  const encoder = new ViT({ ...sizes, imageSize: SIDE, channels: 3, positions: "sincos" });
  return new HybridUNet(encoder, { numClasses: 2 });
});

const volume: Scan<Uint8Array> = {
  shape: [DEPTH, HEIGHT, WIDTH],
  channels: 1,
  data: Uint8Array.from({ length: DEPTH * HEIGHT * WIDTH }, (_, i) => {
    const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
    return 128 + 60 * Math.sin(x / 5 + y / 40) + 60 * Math.cos(y / 9);
  }),
  meaning: "shown",
};

const card: ModelCard = JSON.parse(readFileSync(tinyCard, "utf8"));

before(() => {
  const onnx = encodeOnnx(traceNetwork(network, { channels: 3, size: SIDE }));
  const sha256 = createHash("sha256").update(onnx).digest("hex");
  Object.assign(card, { files: { "model.onnx": { sha256, bytes: onnx.length } } });
  writeFileSync(join(folder, "model.onnx"), onnx);
});

const cases: readonly Partial<SegmentationPlan>[] = [
  { mode: "whole", flips: "none" },
  { mode: "whole", flips: "both", statistics: { mean: 0, std: 1, isPerImage: true } },
  { mode: "tiles", flips: "none", tileOverlap: 0.4 },
  { mode: "tiles", flips: "horizontal", tileOverlap: 0.5, statistics: { mean: 0.4, std: 0.3, limits: [0.1, 0.8] } },
];

for (const change of cases) {
  test(`ONNX Runtime's labels are libtorch's: ${change.mode}, flips ${change.flips}`, async () => {
    const slices = { ...card.plan.slices, width: WIDTH, height: HEIGHT };
    const plan = { ...card.plan, inputSize: SIDE, contextSlices: 1, slices, ...change };
    writeFileSync(join(folder, "model.json"), JSON.stringify({ ...card, plan }));
    await using segmenter = await Segmenter.load(folder, { threads: 1 });
    const { labels, fractions } = await segmenter.segment(volume, { wantsFractions: true });
    const expected = byLibtorch(plan);
    const numOther = labels.data.reduce((sum, label, i) => sum + Number(label !== expected.labels[i]), 0);
    assert.ok(numOther <= 1e-4 * labels.data.length, `${numOther} of ${labels.data.length} labels differ`);
    assert.ok(new Set(labels.data).size > 1, "the network tells something apart");
    for (const [k, { data }] of fractions.entries()) {
      for (let i = 0; i < data.length; i++) assert.ok(Math.abs(data[i]! - expected.fractions[k]![i]!) <= 1);
    }
  });
}

function byLibtorch({ inputSize, mode, tileOverlap, flips, statistics }: SegmentationPlan) {
  const size = HEIGHT * WIDTH;
  return scope(() => {
    const stack = fromTypedArray(volume.data, [DEPTH, HEIGHT, WIDTH]).to({ dtype: "float32" }).div(255);
    // The slice below, itself, and the one above; at the ends the last one once more.
    const at = (slice: number) => Math.min(Math.max(slice, 0), DEPTH - 1);
    const around = Array.from({ length: DEPTH * 3 }, (_, i) => BigInt(at(Math.floor(i / 3) + (i % 3) - 1)));
    const images = stack.indexSelect(0, fromTypedArray(BigInt64Array.from(around))).view([DEPTH, 3, HEIGHT, WIDTH]);
    const found = segmentImages(network, images, { inputSize, inference: { mode, tileOverlap, flips }, statistics });
    const values = found.mul(255).contiguous().toTypedArray() as Float32Array;
    const fractions = [1, 2].map((label) =>
      Array.from({ length: DEPTH * size }, (_, i) => values[(Math.floor(i / size) * 3 + label) * size + (i % size)]!),
    );
    return { labels: labelMaps(found).toTypedArray() as Uint8Array, fractions };
  });
}
