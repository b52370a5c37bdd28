import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, noGrad, randint, randn, scope, stack } from "@medssl/torch";
import { countParameters, namedParameters, stateDict } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { fillParameters, readFixture } from "../testing/parity.ts";
import { assertSegmenterParity } from "../testing/segmenter-parity.ts";
import { HybridUNet } from "./hybrid-unet.ts";
import { UNet } from "./unet.ts";
import { ViT } from "./vit.ts";
import { ViTSegmenter } from "./vit-segmenter.ts";

const shape = { depth: 6, mlpRatio: 4, positions: "sincos" } as const;
const small = (patchSize: number, imageSize: number | [number, number] = 64) =>
  new ViT({ ...shape, imageSize, patchSize, embedDim: 16, numHeads: 2 });
const full = (patchSize: number) => new ViT({ ...shape, imageSize: 128, patchSize, embedDim: 192, numHeads: 3 });

const networks = {
  unet: () => new UNet({ numClasses: 2 }),
  vit: () => new ViTSegmenter(small(16), { numClasses: 2 }),
  hybrid: () => new HybridUNet(small(16), { numClasses: 2 }),
  hybrid8: () => new HybridUNet(small(8), { numClasses: 2 }),
};

for (const [name, make] of Object.entries(networks)) {
  test(`${name}: logits, loss and every gradient are PyTorch's`, () => {
    scope(() => {
      const network = make();
      fillParameters(network);
      assertSegmenterParity(network, readFixture("heads"), name);
    });
  });
}

test("sizes are those of the prototype: U-Net 0.80 M, hybrid 3.71 M", () => {
  scope(() => {
    assert.equal(countParameters(new UNet({ numClasses: 1 })), 804_450);
    assert.equal(countParameters(new HybridUNet(full(16), { numClasses: 1 })), 3_706_530);
    assert.equal(countParameters(new ViTSegmenter(full(16), { numClasses: 1 })), 2_868_194);
  });
});

test("logits have the input's size, whatever it is", () => {
  noGrad(() =>
    scope(() => {
      const wide = small(8, [40, 56]);
      for (const [network, size] of [
        [new UNet({ numClasses: 3 }), [50, 37]],
        [new ViTSegmenter(wide, { numClasses: 3 }), [40, 56]],
        [new HybridUNet(wide, { numClasses: 3 }), [40, 56]],
      ] as const) {
        assert.deepEqual(network.forward(randn([2, 1, ...size])).shape, [2, 4, ...size]);
      }
    }),
  );
});

test("a gradient reaches every parameter but the ViT's final norm", () => {
  manualSeed(0);
  for (const make of Object.values(networks)) {
    scope(() => {
      const network = make();
      const logits = network.forward(randn([2, 1, 64, 64]));
      segmentationLoss(logits, randint(0, 3, [2, 64, 64])).loss.backward();
      for (const [name, { grad }] of namedParameters(network)) {
        const isReached = grad !== undefined && grad.abs().sum().item() > 0;
        assert.equal(isReached, !name.startsWith("encoder.norm."), name);
      }
    });
  }
});

test("deep supervision adds outputs of its own and leaves the rest as it was", () => {
  manualSeed(0);
  scope(() => {
    const images = randn([2, 1, 64, 64]);
    const labels = randint(0, 3, [2, 64, 64]);
    for (const make of [
      (isDeeplySupervised: boolean) => new UNet({ numClasses: 2, isDeeplySupervised }),
      (isDeeplySupervised: boolean) => new HybridUNet(small(16), { numClasses: 2, isDeeplySupervised }),
    ]) {
      const [plain, deep] = [make(false), make(true)];
      const names = (network: object) => stateDict(network).map(([name]) => name);
      const added = names(deep).filter((name) => !names(plain).includes(name));
      assert.deepEqual(
        added,
        [0, 1].flatMap((i) => [`conv_decoder.deep_outs.${i}.weight`, `conv_decoder.deep_outs.${i}.bias`]),
      );
      const levels = deep.forwardLevels(images);
      assert.deepEqual(
        levels.map(({ shape }) => shape),
        [64, 16, 8].map((side) => [2, 3, side, side]),
      );
      assert.equal(levels[0]!.sub(deep.forward(images)).abs().amax().item(), 0);
      const losses = levels.map((logits, i) => {
        const step = [1, 4, 8][i]!;
        return segmentationLoss(logits, labels.slice(1, 0, undefined, step).slice(2, 0, undefined, step)).loss;
      });
      stack(losses).sum().backward();
      const unreached = namedParameters(deep).filter(([, { grad }]) => !grad || grad.abs().sum().item() === 0);
      assert.deepEqual(
        unreached.map(([name]) => name).filter((name) => !name.startsWith("encoder.norm.")),
        [],
      );
    }
  });
});

test("the hybrid's two halves meet where pixels and tokens are nearest in size", () => {
  scope(() => {
    const side = (patchSize: number) =>
      new HybridUNet(small(patchSize, patchSize * 4), { numClasses: 1 }).injection.weight.size(1);
    assert.deepEqual([4, 8, 14, 16, 32].map(side), [48, 96, 128, 128, 128]);
  });
});

test("a pre-trained ViT begins unperturbed inside the hybrid", () => {
  manualSeed(0);
  noGrad(() =>
    scope(() => {
      const { injection } = new HybridUNet(small(16), { numClasses: 1 });
      assert.equal(
        injection
          .forward(randn([2, 4, 128]))
          .abs()
          .amax()
          .item(),
        0,
      );
    }),
  );
});
