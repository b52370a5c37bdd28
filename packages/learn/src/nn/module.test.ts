import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { manualSeed, readSafetensors, scope, type Tensor, writeSafetensors, zeros } from "@medssl/torch";
import { ViT } from "../models/vit.ts";
import { Linear } from "./linear.ts";
import { countParameters, loadStateDict, moveModule, namedParameters, stateDict } from "./module.ts";

const makeViT = (embedDim = 8, imageSize = 8) =>
  new ViT({ imageSize, patchSize: 4, embedDim, depth: 1, numHeads: 2, mlpRatio: 4, positions: "sincos" });

test("names are timm's, and only what requires a gradient is a parameter", () => {
  const vit = makeViT();
  const block = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"].map((name) => `blocks.0.${name}`);
  const expected = ["patch_embed.proj", ...block, "norm"].flatMap((name) => [`${name}.weight`, `${name}.bias`]);
  assert.deepEqual(
    namedParameters(vit).map(([name]) => name),
    expected,
  );
  assert.deepEqual(
    stateDict(vit).map(([name]) => name),
    ["pos_embed", ...expected],
  );
});

test("parameters outlive the scope that they are made in, and one seed makes one network", () => {
  const make = () => {
    manualSeed(5);
    const made: { layer?: Linear } = {};
    scope(() => {
      made.layer = new Linear(3, 2);
    });
    return made.layer!;
  };
  const layer = make();
  assert.equal(countParameters(layer), 8);
  assert.deepEqual(make().weight.toNested(), layer.weight.toNested());
});

test("weights come back from a file as they were", () => {
  const dir = mkdtempSync(join(tmpdir(), "medssl-module-"));
  try {
    const path = join(dir, "vit.safetensors");
    manualSeed(1);
    const saved = makeViT();
    writeSafetensors(path, stateDict(saved));
    const loaded = makeViT();
    scope(() => loadStateDict(loaded, readSafetensors(path).tensors));
    for (const [i, [name, tensor]] of stateDict(loaded).entries()) {
      assert.deepEqual(tensor.toNested(), stateDict(saved)[i]![1].toNested(), name);
    }
    assert.ok(namedParameters(loaded).every(([, tensor]) => tensor.requiresGrad));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a prefix chooses a part of the weights", () => {
  const layer = new Linear(2, 2);
  const weights = new Map<string, Tensor>([
    ["encoder.weight", zeros([2, 2])],
    ["encoder.bias", zeros([2])],
    ["decoder.weight", zeros([9])],
  ]);
  loadStateDict(layer, weights, { prefix: "encoder." });
  assert.equal(layer.weight.abs().sum().item(), 0);
});

test("weights that do not fit are refused by name, and nothing is copied", () => {
  const before = makeViT();
  const tensors = new Map(stateDict(makeViT(16)));
  tensors.set("head.weight", zeros([2]));
  tensors.delete("norm.bias");
  const patchEmbedding = before.patchEmbed.proj.weight.toNested();
  assert.throws(
    () => loadStateDict(before, tensors, { source: "encoder.safetensors" }),
    (error) => {
      assert.ok(error instanceof MedsslError);
      assert.equal(error.code, "ERR_STATE_DICT");
      assert.match(
        error.message,
        /in encoder\.safetensors:\n {2}missing: norm\.bias\n {2}not of this network: head\.weight\n/,
      );
      assert.match(
        error.message,
        /of another shape: pos_embed \(expected \[1, 4, 8\], got \[1, 4, 16\]\), .*and 11 more$/,
      );
      return true;
    },
  );
  assert.deepEqual(before.patchEmbed.proj.weight.toNested(), patchEmbedding);
});

test("without strictness other names pass, other shapes do not", () => {
  const layer = new Linear(2, 1);
  loadStateDict(
    layer,
    new Map([
      ["elsewhere", zeros([1])],
      ["bias", zeros([1]).add(3)],
    ]),
    { strict: false },
  );
  assert.equal(layer.bias.item(), 3);
  assert.throws(
    () => loadStateDict(layer, new Map([["bias", zeros([2])]]), { strict: false }),
    /bias \(expected \[1\], got \[2\]\)/,
  );
});

test("moving to the device where it is changes nothing", () => {
  const layer = new Linear(2, 2);
  const { weight } = layer;
  assert.equal(moveModule(layer, "cpu").weight, weight);
});
