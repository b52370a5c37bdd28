import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MedsslError, parseRecipe, pretrainSchema } from "@medssl/contract";
import { cat, noGrad, ones, randn, readWeights, scope, type Tensor, tensor, zeros } from "@medssl/torch";
import { namedParameters, stateDict } from "../nn/module.ts";
import { sinCosPositions } from "../nn/positions.ts";
import { createObjective } from "../objectives/pretraining.ts";
import { ALONE } from "../objectives/ranks.ts";
import { assertClose, readFixture } from "../testing/parity.ts";
import { plainViews } from "../testing/plain-views.ts";
import { findViT } from "./find-vit.ts";
import { loadEncoder, saveEncoder } from "./load-encoder.ts";
import { resizePatches, resizePositions } from "./resize-weights.ts";

const dir = mkdtempSync(join(tmpdir(), "medssl-encoder-"));
test.after(() => rmSync(dir, { recursive: true }));

// Made by fixtures/make-vits.py, with timm.
const file = (name: string) => join(import.meta.dirname, "../fixtures", name);
const kinds = {
  mae: file("vit-mae.pth"),
  dino: file("vit-dino.pth"),
  dinov2: file("vit-dinov2.pth"),
  deit: file("vit-deit.pth"),
  timm: file("vit-timm.safetensors"),
};
const sizes = { "16x16": 16, "24x24": 24, "8x20": [8, 20] as const };
const options = { imageSize: 16, numHeads: 2 } as const;

test("features are timm's for weights of MAE, DINO, DINOv2, DeiT and timm, at their own size and at others", () => {
  const truth = readFixture("vit-features");
  for (const [kind, path] of Object.entries(kinds)) {
    for (const [name, imageSize] of Object.entries(sizes)) {
      noGrad(() =>
        scope(() => {
          const { encoder } = loadEncoder(path, { imageSize, numHeads: 2 });
          const tokens = encoder.forwardTokens(truth.get(`images.${name}`)!);
          assertClose(tokens, truth.get(`${kind}.${name}`)!, `${kind} ${name}`);
        }),
      );
    }
  }
});

test("the shape is read off the weights, and what was changed is told", () => {
  const configs = Object.entries(kinds).map(
    ([kind, path]) => [kind, loadEncoder(path, { ...options, imageSize: 32 })] as const,
  );
  const common = { patchSize: 4, embedDim: 16, depth: 2, numHeads: 2, mlpRatio: 4 };
  const plain = { ...common, positions: "learned", hasClassToken: true, numRegisters: 0, hasLayerScale: false };
  assert.deepEqual(Object.fromEntries(configs.map(([kind, { config }]) => [kind, config])), {
    mae: { ...plain, positions: "sincos" },
    dino: plain,
    dinov2: { ...plain, numRegisters: 2, hasLayerScale: true },
    deit: { ...plain, numRegisters: 1 },
    timm: { ...plain, hasClassToken: false },
  });
  assert.deepEqual(configs[0]![1].notes, [
    "3 colour channels folded to grey.",
    "Positions resized from 4x4 to 8x8 patches.",
  ]);
});

test("of several ViTs in a file the teacher's is taken, or the one that is asked for", () => {
  scope(() => {
    const { tensors } = readWeights(kinds.dino);
    const teacher = findViT(tensors, { source: "x", numHeads: 2 });
    assert.equal(teacher.prefix, "teacher.backbone.");
    assert.deepEqual(teacher.otherPrefixes, ["student.module.backbone."]);
    assert.ok(teacher.leftOut.includes("teacher.head.mlp.0.weight"));
    const student = findViT(tensors, { source: "x", numHeads: 2, prefix: "student.module.backbone" });
    assert.ok(student.tensors.get("norm.bias")!.sub(teacher.tensors.get("norm.bias")!).abs().amax().item() > 0.01);
    assert.throws(() => findViT(tensors, { source: "x", prefix: "model" }), {
      code: "ERR_WEIGHTS",
      message: 'x: it has no ViT in "model"',
      hint: 'It has one in "teacher.backbone." and in "student.module.backbone.".',
    });
  });
});

test("what is written comes back the same, with its heads and a grid that is not square", () => {
  for (const path of Object.values(kinds)) {
    scope(() => {
      const { encoder, config } = loadEncoder(path, { imageSize: [8, 20], numHeads: 2 });
      const copy = join(dir, "copy.safetensors");
      saveEncoder(copy, encoder);
      const again = loadEncoder(copy);
      assert.deepEqual(again.encoder.gridSize, [2, 5]);
      assert.deepEqual(again.config, config);
      assert.deepEqual(again.notes, []);
      for (const [i, [name, tensor]] of stateDict(again.encoder).entries()) {
        assert.deepEqual(tensor.toNested(), stateDict(encoder)[i]![1].toNested(), name);
      }
    });
  }
});

test("features are transformers' for files with its names", () => {
  const truth = readFixture("vit-hf-features");
  for (const [name, numRegisters] of [
    ["hf", 0],
    ["hf-dinov2", 2],
  ] as const) {
    noGrad(() =>
      scope(() => {
        const { encoder, config } = loadEncoder(file(`vit-${name}.safetensors`), options);
        assert.deepEqual([config.numRegisters, config.hasLayerScale], [numRegisters, numRegisters > 0]);
        assertClose(encoder.forwardTokens(truth.get("image")!), truth.get(name)!, name);
      }),
    );
  }
  scope(() => {
    const { prefix, leftOut } = findViT(readWeights(file("vit-hf.safetensors")).tensors, { source: "x", numHeads: 2 });
    assert.deepEqual([prefix, leftOut.toSorted()], ["vit.", ["classifier.bias", "classifier.weight"]]);
  });
});

test("other spellings of the same are understood", () => {
  scope(() => {
    const { tensors } = readWeights(kinds.dinov2);
    const plain = findViT(tensors, { source: "x", numHeads: 2 });
    const respelled = [...tensors].map(([name, tensor]): [string, Tensor] => [
      `module.${name.replace(/^blocks\.(\d)/, "blocks.0.$1").replace(/ls(\d)\.gamma/, "gamma_$1")}`,
      name === "pos_embed" ? tensor.slice(1, 1) : tensor.to({ dtype: "float64" }),
    ]);
    const found = findViT(new Map(respelled), { source: "x", numHeads: 2 });
    assert.deepEqual([found.prefix, found.config], ["module.", plain.config]);
    for (const [name, tensor] of plain.tensors) {
      // Without a row for the class token its position is zero.
      const expected = name === "pos_embed" ? cat([zeros([1, 3, 16]), tensor.slice(1, 3)], 1) : tensor;
      assert.deepEqual(found.tensors.get(name)?.toNested(), expected.toNested(), name);
    }

    const headed = new Map([...tensors].map(([name, tensor]) => [name.replace(/^norm\./, "fc_norm."), tensor]));
    const { notes, leftOut, tensors: taken } = findViT(headed, { source: "x", numHeads: 2 });
    assert.deepEqual(notes, ["It has no final norm: a new one."]);
    assert.deepEqual(leftOut.toSorted(), ["fc_norm.bias", "fc_norm.weight", "mask_token"]);
    assert.deepEqual(taken.get("norm.weight")?.toNested(), new Array(16).fill(1));
  });
});

test("only what a recipe calls learnt is trained", () => {
  const trained = (path: string) => loadEncoder(path, options).encoder.posEmbed.requiresGrad;
  assert.deepEqual([trained(kinds.mae), trained(kinds.dino)], [false, true]);
});

test("pre-training goes on from weights with a class token, registers and layer scale", () => {
  scope(() => {
    const { encoder, config } = loadEncoder(kinds.dinov2, { imageSize: 16, numHeads: 2 });
    const decoder = { embedDim: 8, depth: 1, numHeads: 2 };
    const recipe = parseRecipe(pretrainSchema, { inputSize: 16, encoder: config, decoder });
    const objective = createObjective(recipe, encoder);
    const views = plainViews(randn([4, 1, 16, 16]), tensor(new Array(4).fill([0, 0, 1, 1])), 2);
    objective.loss(views, 0, ALONE).loss.backward();
    for (const [name, { grad }] of namedParameters(objective)) assert.ok(grad !== undefined, name);
  });
});

test("patch kernels of another size are timm's, by FlexiViT's pseudo-inverse", () => {
  scope(() => {
    const truth = readFixture("vit-features");
    for (const size of [4, 7, 8, 12]) {
      const resized = resizePatches(truth.get("kernels.8")!, size);
      // timm inverts in float32: seven digits less what the inversion loses.
      const error = resized
        .sub(truth.get(`kernels.${size}`)!)
        .abs()
        .amax()
        .item();
      assert.ok(error < 2e-5, `${size}: ${error}`);
    }
    const { encoder, notes } = loadEncoder(kinds.mae, { ...options, patchSize: 8 });
    assert.deepEqual(encoder.patchEmbed.proj.weight.shape, [16, 1, 8, 8]);
    assert.ok(notes.includes("Patches of 4 pixels resized to 8."));
  });
});

test("enlarged patches see an enlarged picture as the patches before saw the picture", () => {
  scope(() => {
    const kernels = tensor([
      [
        [
          [1, 2],
          [3, 5],
        ],
      ],
    ]);
    const flat = ones([1, 1, 6, 6]);
    assert.ok(Math.abs(resizePatches(kernels, 6).mul(flat).sum().item() - 11) < 1e-5);
  });
});

test("positions keep what is constant, and prefix tokens their rows", () => {
  scope(() => {
    const positions = tensor([[[9, 8], ...new Array(6).fill([1, 2])]]);
    const expected = tensor([[[9, 8], ...new Array(4).fill([1, 2])]]);
    assertClose(resizePositions(positions, [2, 3], [4, 1], 1), expected, "positions");
  });
});

test("published widths have their published heads; for others they must be given", () => {
  scope(() => {
    const vit = (embedDim: number) =>
      new Map<string, Tensor>([
        ["patch_embed.proj.weight", zeros([embedDim, 1, 4, 4])],
        ["pos_embed", sinCosPositions([2, 2], embedDim)],
        ...["norm1", "norm2"].map((name): [string, Tensor] => [`blocks.0.${name}.weight`, ones([embedDim])]),
        ["blocks.0.attn.qkv.weight", zeros([3 * embedDim, embedDim])],
        ["blocks.0.attn.proj.weight", zeros([embedDim, embedDim])],
        ["blocks.0.mlp.fc1.weight", zeros([4, embedDim])],
        ["blocks.0.mlp.fc2.weight", zeros([embedDim, 4])],
      ]);
    const heads = (embedDim: number) => findViT(vit(embedDim), { source: "x" }).config.numHeads;
    assert.deepEqual([192, 384, 768, 1280].map(heads), [3, 6, 12, 16]);
    assert.throws(() => heads(100), { code: "ERR_WEIGHTS", message: /heads cannot be read off a width of 100/ });
  });
});

test("what is no ViT, is not whole, or is another ViT is refused by name", () => {
  scope(() => {
    const whole = readWeights(kinds.mae).tensors;
    const changed = (change: (tensors: Map<string, Tensor>) => void) => {
      const tensors = new Map(whole);
      change(tensors);
      return tensors;
    };
    const x = zeros([16]);
    const cases: readonly (readonly [ReadonlyMap<string, Tensor>, RegExp])[] = [
      [
        new Map([["conv1.weight", x]]),
        /no ViT among its 1 tensors: none is called patch_embed\.proj\.weight, but conv1\.weight/,
      ],
      [changed((t) => t.delete("model.blocks.1.mlp.fc2.weight")), /it has no model\.blocks\.1\.mlp\.fc2\.weight/],
      [changed((t) => t.set("model.blocks.1.mlp.fc2.weight", x)), /fc2\.weight is \[16\], expected \[16, 64\]/],
      [
        changed((t) => t.set("model.blocks.0.attn.q_norm.weight", x)),
        /blocks\.0\.attn\.q_norm\.weight is no part of the ViT/,
      ],
      [changed((t) => t.set("model.norm_pre.weight", x)), /norm_pre\.weight is no part of the ViT/],
      [changed((t) => t.delete("model.pos_embed")), /it has no pos_embed/],
      [
        changed((t) => t.set("model.pos_embed", zeros([1, 16, 8]))),
        /pos_embed is \[1, 16, 8\], expected \[1, tokens, 16\]/,
      ],
      [changed((t) => t.set("model.pos_embed", zeros([1, 15, 16]))), /15 rows, which is no square of patches/],
      [
        changed((t) => t.set("model.patch_embed.proj.weight", zeros([16, 3, 4, 5]))),
        /expected \[width, channels, p, p\]/,
      ],
    ];
    for (const [tensors, message] of cases) {
      assert.throws(
        () => findViT(tensors, { source: "weights.pth", numHeads: 2 }),
        (error) => {
          assert.ok(error instanceof MedsslError && error.code === "ERR_WEIGHTS");
          assert.match(error.message, message);
          return error.message.startsWith("weights.pth: ");
        },
      );
    }
    assert.throws(() => loadEncoder(kinds.mae, { ...options, imageSize: 18 }), { code: "ERR_VIT_SHAPE" });
  });
});
