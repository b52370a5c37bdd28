import assert from "node:assert/strict";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { manualSeed, noGrad, randn, scope, type Tensor, tensor, zeros } from "@medssl/torch";
import { countParameters, namedParameters } from "../nn/module.ts";
import { readFixture } from "../testing/parity.ts";
import { ViT, type ViTOptions } from "./vit.ts";

const small: ViTOptions = {
  imageSize: 16,
  patchSize: 4,
  embedDim: 32,
  depth: 3,
  numHeads: 4,
  mlpRatio: 4,
  positions: "sincos",
};
const largestDifference = (a: Tensor, b: Tensor) => a.sub(b).abs().amax().item();

test("any patch, image size and channels, with and without class token, fixed and learnt positions", () => {
  for (const options of [
    small,
    { ...small, imageSize: [8, 24] as const, patchSize: 2, channels: 3 },
    { ...small, hasClassToken: true },
    { ...small, hasClassToken: true, positions: "learned" as const, mlpRatio: 2 },
  ]) {
    scope(() => {
      const vit = new ViT(options);
      const [height, width] = typeof options.imageSize === "number" ? [16, 16] : options.imageSize;
      const images = randn([2, "channels" in options ? options.channels : 1, height, width]);
      const tokens = vit.forwardTokens(images);
      assert.deepEqual(tokens.shape, [2, vit.numPatches + vit.numPrefixTokens, 32]);
      assert.deepEqual(vit.posEmbed.requiresGrad, options.positions === "learned");
      tokens.square().sum().backward();
      for (const [name, { grad }] of namedParameters(vit)) assert.ok(grad !== undefined, name);
    });
  }
});

test("positions start as PyTorch has them", () => {
  scope(() => {
    const { posEmbed } = new ViT(small);
    assert.ok(largestDifference(posEmbed, readFixture("mae").get("model.encoder.pos_embed")!) < 1e-6);
  });
});

test("the default has the size of the prototype's", () => {
  scope(() => {
    const vit = new ViT({ ...small, imageSize: 128, patchSize: 16, embedDim: 192, depth: 6, numHeads: 3 });
    assert.equal(countParameters(vit), 2_718_912);
  });
});

test("keeping all patches, in any order, gives the same tokens in that order", () => {
  noGrad(() =>
    scope(() => {
      const vit = new ViT(small);
      const images = randn([1, 1, 16, 16]);
      const order = tensor([[3, 15, 0, 7, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]], { dtype: "int64" });
      const shuffled = vit.forwardTokens(images, { keepIndices: order });
      const expected = vit.forwardTokens(images).indexSelect(1, order.squeeze(0));
      assert.ok(largestDifference(shuffled, expected) < 1e-5);
    }),
  );
});

test("removed patches are not seen", () => {
  noGrad(() =>
    scope(() => {
      const vit = new ViT(small);
      const images = randn([1, 1, 16, 16]);
      const changed = images.clone();
      changed.slice(3, 8).slice(2, 8).zero_(); // patches 10, 11, 14, 15
      const keepIndices = tensor([[0, 1, 4, 5]], { dtype: "int64" });
      assert.equal(
        largestDifference(vit.forwardTokens(images, { keepIndices }), vit.forwardTokens(changed, { keepIndices })),
        0,
      );
    }),
  );
});

test("taps are the outputs of their blocks, without class token", () => {
  noGrad(() =>
    scope(() => {
      const vit = new ViT({ ...small, hasClassToken: true });
      const images = randn([2, 1, 16, 16]);
      const [first, last, again] = vit.forwardTaps(images, [1, 3, 3]) as [Tensor, Tensor, Tensor];
      assert.deepEqual(first.shape, [2, 16, 32]);
      assert.equal(largestDifference(last, again), 0);
      assert.ok(largestDifference(first, last) > 0.01);
      const tokens = vit.forwardTokens(images).slice(1, 1);
      assert.ok(largestDifference(vit.norm.forward(last), tokens) < 1e-5);
    }),
  );
});

test("what is injected is added to the tokens", () => {
  noGrad(() =>
    scope(() => {
      const vit = new ViT(small);
      const images = randn([2, 1, 16, 16]);
      const tokens = vit.forwardTokens(images);
      assert.equal(largestDifference(vit.forwardTokens(images, { injection: zeros([2, 16, 32]) }), tokens), 0);
      assert.ok(largestDifference(vit.forwardTokens(images, { injection: randn([2, 16, 32]) }), tokens) > 0.01);
    }),
  );
});

test("dropped paths leave whole samples as they were, in the last block most", () => {
  manualSeed(0);
  noGrad(() =>
    scope(() => {
      const vit = new ViT(small);
      const images = randn([64, 1, 16, 16]);
      const [second, third] = vit.forwardTaps(images, [2, 3], { dropPathRate: 0.6 }) as [Tensor, Tensor];
      const isSame = second.sub(third).abs().amax([1, 2]).eq(0);
      // Both branches of the third block are dropped for 0.36 of the samples.
      const share = isSame.to({ dtype: "float32" }).mean().item();
      assert.ok(share > 0.2 && share < 0.55, `${share}`);
    }),
  );
});

test("sizes that do not divide are refused in words", () => {
  for (const [options, message] of [
    [{ ...small, imageSize: 18 }, /18x18 pixels is none of 4/],
    [{ ...small, numHeads: 5 }, /32 is no multiple of 5/],
    [{ ...small, embedDim: 6, numHeads: 2 }, /multiple of 4 for its positions, got 6/],
  ] as const) {
    assert.throws(
      () => new ViT(options),
      (error) => error instanceof MedsslError && error.code === "ERR_VIT_SHAPE" && message.test(error.message),
    );
  }
});
