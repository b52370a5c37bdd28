/** Exported networks against libtorch, run by onnxruntime; what cannot be exported is refused by name. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { MedsslError } from "@medssl/contract";
import { manualSeed, operator, rand, randn, scope, type Tensor } from "@medssl/torch";
import { freezeModule, stateDict } from "../nn/module.ts";
import { distance, perturbed, runOnnx, runTorch, SIDE, smallSegmenters } from "../testing/small-segmenters.ts";
import { encodeOnnx } from "./encode-onnx.ts";
import { toFloat16 } from "./float16.ts";
import { quantizeWeights } from "./quantize.ts";
import { traceNetwork } from "./trace-network.ts";

for (const [name, [channels, make]] of Object.entries(smallSegmenters)) {
  test(`${name}: onnxruntime's logits are libtorch's, for any number of images`, async () => {
    manualSeed(1);
    const network = perturbed(make());
    const model = encodeOnnx(traceNetwork(network, { channels, size: SIDE }));
    for (const count of [1, 2, 5]) {
      const images = randn([count, channels, SIDE, SIDE]);
      const { data, dims } = await runOnnx(model, images);
      assert.deepEqual(dims, [count, 3, SIDE, SIDE]);
      const expected = runTorch(network, images);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest > 0.5, `logits of ${largest} tell nothing`);
      assert.ok(distance(data, expected) < 1e-4, `${count} images: ${distance(data, expected)}`);
    }
  });
}

test("parameters keep their names and values, in whatever order of memory they lie", () => {
  manualSeed(1);
  const [channels, make] = smallSegmenters["hybrid, patch 4, all additions"]!;
  const network = perturbed(make());
  const plain = traceNetwork(network, { channels, size: SIDE });
  const frozen = traceNetwork(freezeModule(network), { channels, size: SIDE });
  assert.deepEqual(frozen, plain);
  const weight = new Map(stateDict(network)).get("encoder.blocks.1.mlp.fc1.weight")!;
  const { shape, bytes } = plain.initializers.get("encoder.blocks.1.mlp.fc1.weight")!;
  assert.deepEqual(shape, weight.shape);
  assert.deepEqual(new Float32Array(bytes.slice().buffer), weight.toTypedArray());
  const unused = [...plain.initializers.keys()].filter((name) => /deep_outs|encoder\.norm\./.test(name));
  assert.deepEqual(unused, []);
});

const python = process.env["MEDSSL_PYTHON"] ?? "python3";
const hasOnnx = spawnSync(python, ["-c", "import onnx"]).status === 0;

test("ONNX's own checker accepts every network and its variants", {
  skip: !hasOnnx && "Python's onnx is not installed",
}, () => {
  manualSeed(1);
  const folder = mkdtempSync(join(tmpdir(), "onnx-"));
  try {
    const files = Object.values(smallSegmenters).flatMap(([channels, make], i) => {
      const graph = traceNetwork(make(), { channels, size: SIDE });
      return [graph, toFloat16(graph), quantizeWeights(graph)].map((variant, j) => {
        const path = join(folder, `${i}-${j}.onnx`);
        writeFileSync(path, encodeOnnx(variant, { producerVersion: "1.0", metadata: { task: "test" } }));
        return path;
      });
    });
    const script = fileURLToPath(new URL("check-model.py", import.meta.url));
    execFileSync(python, [script, ...files], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const cumulativeSum = operator("aten::cumsum");
const size = 8;

function refusal(forward: (images: Tensor) => Tensor): { code: string; message: string } {
  try {
    scope(() => traceNetwork({ forward }, { channels: 1, size }));
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { code: "", message: "exported" };
}

test("an operator without an entry is refused by its name, and so is an argument that an entry does not know", () => {
  const unknown = refusal((x) => cumulativeSum(x, 1));
  assert.deepEqual([unknown.code, unknown.message], ["ERR_ONNX_OPERATOR", "aten::cumsum has no ONNX form here."]);
  const scaled = refusal((x) => operator("aten::add.Tensor")(x, x, 2));
  assert.equal(scaled.code, "ERR_ONNX_OPERATOR");
  assert.match(scaled.message, /aten::add\.Tensor .*'alpha' is not 1/);
  const ceiled = refusal((x) => operator("aten::max_pool2d")(x, 2, 2, 0, 1, true));
  assert.match(ceiled.message, /aten::max_pool2d .*'ceil_mode' is not false/);
  const inPlace = refusal((x) => x.mul(2).add_(1));
  assert.deepEqual(inPlace.code, "ERR_TRACE_IN_PLACE");
  assert.match(inPlace.message, /aten::add_\.Scalar/);
});

test("the module that cannot be exported is named, by its own parameters or by those around it", () => {
  const weight = () => rand([size]);
  const message = (fuse: (x: Tensor, weight: Tensor) => Tensor) => {
    const network = {
      encoder: { norm: { weight: weight() } },
      decoder: { fuse: { weight: weight() }, head: { weight: weight() } },
      forward(x: Tensor): Tensor {
        const { encoder, decoder } = network;
        return fuse(x.mul(encoder.norm.weight), decoder.fuse.weight).mul(decoder.head.weight);
      },
    };
    try {
      scope(() => traceNetwork(network, { channels: 1, size }));
    } catch (error) {
      const { message, hint } = error as MedsslError;
      assert.match(hint!, /^Nothing was exported\./);
      return message;
    }
    return "exported";
  };
  const around = "(after encoder.norm, before decoder.head)";
  assert.equal(
    message((x) => cumulativeSum(x, 1)),
    `aten::cumsum ${around} has no ONNX form here.`,
  );
  assert.equal(
    message((x, w) => operator("aten::add.Tensor")(x, w, 2)),
    "aten::add.Tensor (in decoder.fuse) cannot be written as ONNX: 'alpha' is not 1.",
  );
  assert.ok(
    message((x) => x.mul(x.size(0))).startsWith(`aten::mul.Scalar ${around}: 'other' follows the number of images`),
  );
  assert.ok(message((x) => (x.size(0) > 2 ? x.relu() : x.tanh())).startsWith(`aten::tanh ${around}: for other images`));
});

test("what follows the number of images, or the images themselves, where it must not is refused", () => {
  const cases: [string, (images: Tensor) => Tensor, RegExp][] = [
    ["a number", (x) => x.mul(x.size(0)), /aten::mul\.Scalar: 'other' follows the number of images/],
    ["its square", (x) => x.mul(x.size(0) ** 2), /aten::mul\.Scalar: 4 for 2 images and 9 for 3/],
    ["values read", (x) => x.mul(x.toTypedArray()[5] as number), /aten::mul\.Scalar: .* is no multiple/],
    ["a branch", (x) => (x.size(0) > 2 ? x.relu() : x.tanh()), /aten::tanh: for other images .* aten::relu/],
    ["chance", (x) => x.add(rand([size])), /aten::rand|aten::add/],
    ["a longer run", (x) => (x.size(0) > 2 ? x.relu().relu() : x.relu()), /aten::relu: .*for other images only/],
  ];
  for (const [what, forward, message] of cases) {
    const error = refusal(forward);
    assert.equal(error.code, "ERR_ONNX_BATCH", `${what}: ${error.message}`);
    assert.match(error.message, message, what);
  }
});

test("a file of more than 2 GB is refused", () => {
  const huge = { length: 2 ** 31 } as Uint8Array;
  const initializers = new Map([["weight", { elementType: "float32", shape: [2 ** 29], bytes: huge } as const]]);
  assert.throws(() => encodeOnnx({ inputs: [], outputs: [], nodes: [], initializers }), {
    code: "ERR_ONNX_SIZE",
    message: "The network's weights take 2.1 GB; an ONNX file holds 2 GB at most.",
  });
});
