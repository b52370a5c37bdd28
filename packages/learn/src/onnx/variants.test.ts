/** Float16 and 8-bit weights: smaller files, run by onnxruntime and its WebAssembly, whose logits are about the network's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, randn } from "@medssl/torch";
import * as web from "onnxruntime-web";
import { distance, perturbed, runOnnx, runTorch, SIDE, smallSegmenters } from "../testing/small-segmenters.ts";
import { encodeOnnx } from "./encode-onnx.ts";
import { toFloat16 } from "./float16.ts";
import type { Graph } from "./graph.ts";
import { bytesOf, int } from "./graph.ts";
import { quantizeWeights } from "./quantize.ts";
import { traceNetwork } from "./trace-network.ts";

/** Largest difference of a logit, as a share of the largest logit; and of the file's size. */
const variants = [
  { name: "float16", change: toFloat16, tolerance: 0.01, share: 0.65 },
  { name: "8-bit weights", change: quantizeWeights, tolerance: 0.08, share: 0.7 },
] as const;

for (const { name, change, tolerance, share } of variants) {
  test(`${name}: every head, within ${100 * tolerance}% of its largest logit`, async () => {
    manualSeed(2);
    for (const [head, [channels, make]] of Object.entries(smallSegmenters)) {
      const network = perturbed(make());
      const graph = traceNetwork(network, { channels, size: SIDE });
      const model = encodeOnnx(change(graph));
      const images = randn([2, channels, SIDE, SIDE]);
      const expected = runTorch(network, images);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = distance((await runOnnx(model, images)).data, expected) / largest;
      assert.ok(error < tolerance && error > 1e-5, `${head}: ${error}`);
      const ratio = model.length / encodeOnnx(graph).length;
      assert.ok(ratio < share || head.startsWith("auto-unet"), `${head}: ${ratio} of the size`);
    }
  });
}

test("WebAssembly computes what onnxruntime does, variants too", async () => {
  web.env.wasm.numThreads = 1;
  manualSeed(2);
  const [channels, make] = smallSegmenters["hybrid, patch 4, all additions"]!;
  const graph = traceNetwork(perturbed(make()), { channels, size: SIDE });
  const images = randn([2, channels, SIDE, SIDE]);
  for (const [what, variant, tolerance] of [
    ["float32", graph, 1e-4],
    ["float16", toFloat16(graph), 2e-2],
    ["8-bit", quantizeWeights(graph), 1e-4],
  ] as const) {
    const model = encodeOnnx(variant);
    const session = await web.InferenceSession.create(model);
    const input = new web.Tensor("float32", images.toTypedArray() as Float32Array, images.shape);
    const { logits } = await session.run({ images: input });
    const error = distance(logits!.data as Float32Array, (await runOnnx(model, images)).data);
    assert.ok(error < tolerance, `${what}: ${error}`);
    await session.release();
  }
});

const graphOf = (weights: readonly number[]): Graph => ({
  inputs: [{ name: "images", elementType: "float32", shape: ["batch", 100] }],
  outputs: [{ name: "logits", elementType: "float32", shape: ["batch", weights.length / 100] }],
  nodes: [{ type: "Gemm", inputs: ["images", "weight"], outputs: ["logits"], attributes: { transB: int(1) } }],
  initializers: new Map([
    [
      "weight",
      { elementType: "float32", shape: [weights.length / 100, 100], bytes: bytesOf(Float32Array.from(weights)) },
    ],
  ]),
});

test("each output channel has a scale of its own, one of zeros too; small weights stay", () => {
  const weights = [2, 0, 0.01].flatMap((top) => Array.from({ length: 100 }, (_, i) => (top * (i - 50)) / 50));
  const { initializers } = quantizeWeights(graphOf(weights));
  const scales = new Float32Array(initializers.get("weight.scale")!.bytes.slice().buffer);
  assert.deepEqual(
    [...scales].map((scale) => scale.toFixed(6)),
    ["0.015748", "1.000000", "0.000079"],
  );
  const values = new Int8Array(initializers.get("weight.int8")!.bytes.slice().buffer);
  assert.deepEqual([values[0], values[50], values[99], values[150], values[200]], [-127, 0, 124, 0, -127]);
  const small = graphOf(weights.slice(0, 100));
  assert.deepEqual(quantizeWeights(small), small);
});

test("layers of less than a tenth of the largest one's weights stay as they are", () => {
  const ramp = (length: number) => Array.from({ length }, (_, i) => i - length / 2);
  const layers = { first: 900, middle: 10_000, last: 1000 };
  const graph: Graph = {
    ...graphOf([]),
    nodes: Object.keys(layers).map((weight, i) => ({
      type: "Gemm",
      inputs: [i === 0 ? "images" : `x${i}`, weight],
      outputs: [`x${i + 1}`],
      attributes: { transB: int(1) },
    })),
    initializers: new Map(
      Object.entries(layers).map(([name, length]) => [
        name,
        { elementType: "float32", shape: [length / 100, 100], bytes: bytesOf(Float32Array.from(ramp(length))) },
      ]),
    ),
  };
  assert.deepEqual([...quantizeWeights(graph).initializers.keys()].toSorted(), [
    "first",
    "last.int8",
    "last.scale",
    "middle.int8",
    "middle.scale",
  ]);
});

test("a weight that float16 cannot hold is refused by its name", () => {
  assert.throws(() => toFloat16(graphOf(Array.from({ length: 100 }, () => 1e5))), {
    code: "ERR_ONNX_FLOAT16",
    message: "The weight weight has values beyond float16's largest, 65504.",
  });
});
