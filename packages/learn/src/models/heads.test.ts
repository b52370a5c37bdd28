import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, noGrad, randint, randn, scope } from "@medssl/torch";
import { countParameters, namedParameters } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { assertClose, digest, fillParameters, readFixture } from "../testing/parity.ts";
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
      const fixture = readFixture("heads");
      const network = make();
      fillParameters(network);
      const logits = network.forward(fixture.get("images")!);
      const { loss } = segmentationLoss(logits, fixture.get("labels")!.to({ dtype: "int64" }));
      assertClose(digest(logits), fixture.get(`${name}.logits`)!, "logits");
      assertClose(loss, fixture.get(`${name}.loss`)!, "loss");
      loss.backward();
      const withGradient = namedParameters(network).filter(([, { grad }]) => grad !== undefined);
      const expected = [...fixture.keys()].filter((key) => key.startsWith(`${name}.gradient.`));
      assert.deepEqual(withGradient.map(([key]) => `${name}.gradient.${key}`).sort(), expected.sort());
      for (const [key, { grad }] of withGradient) {
        assertClose(digest(grad!), fixture.get(`${name}.gradient.${key}`)!, key);
      }
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
