import assert from "node:assert/strict";
import { test } from "node:test";
import { finetuneSchema, type SegmentationHead } from "@medssl/contract";
import { cat, manualSeed, noGrad, ones, randn, scope, type Tensor, zeros } from "@medssl/torch";
import { loadStateDict, namedParameters, stateDict } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { AdamW } from "../optim/adamw.ts";
import { assertClose, fillParameters, readFixture } from "../testing/parity.ts";
import { assertSegmenterParity } from "../testing/segmenter-parity.ts";
import { buildSegmenter } from "./build-segmenter.ts";
import { LinearProbe } from "./linear-probe.ts";
import { PyramidSegmenter } from "./pyramid-segmenter.ts";
import { UPerNet } from "./upernet.ts";
import { ViT, type ViTOptions } from "./vit.ts";

const shape = { depth: 6, mlpRatio: 4, positions: "sincos", embedDim: 16, numHeads: 2 } as const;
const small = (patchSize: number, options: Partial<ViTOptions> = {}) =>
  new ViT({ ...shape, imageSize: 64, patchSize, ...options });

const networks = {
  pyramid: () => new PyramidSegmenter(small(16), { numClasses: 2 }),
  pyramid4: () => new PyramidSegmenter(small(4), { numClasses: 2 }),
  upernet: () => new UPerNet(small(16), { numClasses: 2 }),
  upernet8: () => new UPerNet(small(8), { numClasses: 2 }),
};

for (const [name, make] of Object.entries(networks)) {
  test(`${name}: logits, loss and every gradient are PyTorch's`, () => {
    scope(() => {
      const network = make();
      fillParameters(network);
      assertSegmenterParity(network, readFixture("vit-heads"), name);
    });
  });
}

test("linear: logits, loss and the gradients of what is not frozen are PyTorch's", () => {
  scope(() => {
    const encoder = small(8);
    fillParameters(encoder);
    const network = new LinearProbe(encoder, { numClasses: 2 });
    fillParameters(network);
    assert.deepEqual(
      namedParameters(network).map(([name]) => name),
      ["out.weight", "out.bias"],
    );
    assertSegmenterParity(network, readFixture("vit-heads"), "linear");
  });
});

const heads = ["hybrid", "vit", "pyramid", "upernet", "linear", "unet"] as const;
const recipeOf = (head: SegmentationHead, patchSize: number, rest: object = {}) =>
  finetuneSchema.parse({
    head,
    inputSize: 64,
    encoder: { ...shape, patchSize },
    ...rest,
  });

test("every head works with patches of 16, 8 and 4, and of 14 on sizes that do not halve", () => {
  manualSeed(0);
  noGrad(() =>
    scope(() => {
      for (const head of heads) {
        for (const patchSize of [16, 8, 4]) {
          const network = buildSegmenter(recipeOf(head, patchSize), 3);
          assert.deepEqual(network.forward(randn([1, 1, 64, 64])).shape, [1, 4, 64, 64], `${head} ${patchSize}`);
        }
        const network = buildSegmenter(recipeOf(head, 14, { inputSize: 42 }), 1);
        assert.deepEqual(network.forward(randn([1, 1, 42, 42])).shape, [1, 2, 42, 42], head);
      }
      for (const Head of [PyramidSegmenter, UPerNet, LinearProbe]) {
        const wide = small(8, { imageSize: [40, 56], hasClassToken: true, numRegisters: 2 });
        assert.deepEqual(new Head(wide, { numClasses: 1 }).forward(randn([2, 1, 40, 56])).shape, [2, 2, 40, 56]);
      }
    }),
  );
});

/** Bright squares on noise, and where they are. */
function squares(channels = 1): { images: Tensor; labels: Tensor } {
  const labels = zeros([4, 64, 64], { dtype: "int64" });
  for (let i = 0; i < 4; i++)
    labels
      .select(0, i)
      .slice(0, 8 * i, 8 * i + 24)
      .slice(1, 16, 48)
      .fill_(1);
  const noise = randn([4, channels, 64, 64]).mul(0.3);
  return { images: noise.add(labels.unsqueeze(1).mul(2)), labels };
}

test("every head learns four images, by every parameter but the final norm that only the probe uses", () => {
  for (const head of heads) {
    manualSeed(1);
    scope(() => {
      const { images, labels } = squares();
      const network = buildSegmenter(recipeOf(head, 8), 1);
      const named = namedParameters(network);
      const optimizer = new AdamW([{ parameters: named, learningRateScale: 1, weightDecay: 0 }], {
        betas: [0.9, 0.98],
      });
      const losses: number[] = [];
      for (let step = 0; step < 12; step++) {
        scope(() => {
          const { loss } = segmentationLoss(network.forward(images), labels);
          loss.backward();
          losses.push(loss.item());
          if (step === 0) {
            for (const [name, { grad }] of named) {
              const isReached = grad !== undefined && grad.abs().sum().item() > 0;
              assert.equal(isReached, !name.startsWith("encoder.norm."), `${head}: ${name}`);
            }
          }
          optimizer.step(head === "linear" ? 0.03 : 0.003);
        });
      }
      assert.ok(losses.at(-1)! < 0.7 * losses[0]!, `${head}: ${losses.map((loss) => loss.toFixed(2)).join(" ")}`);
    });
  }
});

test("weights that are written and read again make the same logits", () => {
  manualSeed(2);
  noGrad(() =>
    scope(() => {
      const images = randn([1, 3, 64, 64]);
      for (const head of heads) {
        const recipe = recipeOf(head, 16, { contextSlices: 1, loss: { deepSupervision: 0.5 } });
        const [first, second] = [buildSegmenter(recipe, 2), buildSegmenter(recipe, 2)];
        const before = second.forward(images);
        loadStateDict(second, new Map(stateDict(first)));
        const expected = first.forward(images);
        assert.ok(before.sub(expected).abs().amax().item() > 1e-3, head);
        assert.equal(second.forward(images).sub(expected).abs().amax().item(), 0, head);
      }
    }),
  );
});

test("a pre-trained grey encoder sees three equal slices as it saw one, and is released", () => {
  manualSeed(3);
  noGrad(() =>
    scope(() => {
      const pretrained = small(8);
      const slice = randn([2, 1, 64, 64]);
      const tokens = pretrained.forwardTokens(slice);
      const network = buildSegmenter(recipeOf("upernet", 8, { contextSlices: 1 }), 1, {
        encoder: pretrained,
      }) as UPerNet;
      assertClose(network.encoder.forwardTokens(cat([slice, slice, slice], 1)), tokens, "tokens");
      const neighbours = cat([slice.mul(0), slice, slice.mul(2)], 1);
      assertClose(network.encoder.forwardTokens(neighbours), tokens, "the mean of unlike slices");
      assert.throws(() => pretrained.forwardTokens(slice));
      assert.ok(namedParameters(network).some(([name]) => name === "encoder.patch_embed.proj.weight"));
    }),
  );
});

test("samples skip blocks in training, not in the probe, whose encoder stays as it is", () => {
  manualSeed(4);
  noGrad(() =>
    scope(() => {
      const images = ones([4, 1, 64, 64]);
      for (const head of ["hybrid", "vit", "pyramid", "upernet", "linear"] as const) {
        const network = buildSegmenter(recipeOf(head, 16), 1);
        const difference = (dropPathRate: number) =>
          network.forward(images, { dropPathRate }).sub(network.forward(images)).abs().amax().item();
        assert.equal(difference(0), 0, head);
        assert.equal(difference(0.9) > 0, head !== "linear", head);
      }
    }),
  );
});
