import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, rand, randn, scope, type Tensor, tensor } from "@medssl/torch";
import { ViT } from "../models/vit.ts";
import { loadStateDict, namedParameters } from "../nn/module.ts";
import { assertClose, readFixture } from "../testing/parity.ts";
import { MaskedAutoencoder, reconstruct, reconstructionLoss } from "./masked-image-modeling.ts";

const small = {
  imageSize: 16,
  patchSize: 4,
  embedDim: 32,
  depth: 2,
  numHeads: 4,
  mlpRatio: 4,
  positions: "sincos",
} as const;
const makeModel = () => new MaskedAutoencoder(new ViT(small), { embedDim: 16, depth: 1, numHeads: 4 });

test("features, loss and every gradient are PyTorch's", () => {
  scope(() => {
    const fixture = readFixture("mae");
    const images = fixture.get("images")!;
    const model = makeModel();
    loadStateDict(model, fixture, { prefix: "model." });
    assertClose(model.encoder.forwardTokens(images), fixture.get("tokens")!, "tokens");
    const { mim: loss, tokens } = reconstructionLoss(model, images, {
      keepIndices: fixture.get("keep_indices")!,
      varianceFloor: 1e-3,
    });
    assertClose(tokens, fixture.get("visible_tokens")!, "visible tokens");
    assertClose(loss, fixture.get("loss")!, "loss");
    loss.backward();
    for (const [name, { grad }] of namedParameters(model)) {
      assertClose(grad!, fixture.get(`gradient.${name}`)!, `gradient of ${name}`);
    }
  });
});

test("the decoder's positions start as PyTorch has them", () => {
  scope(() => {
    const difference = makeModel().decoder.posEmbed.sub(readFixture("mae").get("model.decoder.pos_embed")!);
    assert.ok(difference.abs().amax().item() < 1e-6);
  });
});

test("the loss is over removed patches only: what is kept may look like anything", () => {
  manualSeed(0);
  scope(() => {
    const model = makeModel();
    // A network that predicts 0 everywhere has the mean square of normalised targets as its loss.
    for (const parameter of [model.decoder.pred.weight, model.decoder.pred.bias]) parameter.detach().zero_();
    const images = randn([2, 1, 16, 16]);
    images.slice(2, 0, 4).zero_(); // the first row of patches is flat: their targets are 0
    const loss = (indices: number[]) =>
      reconstructionLoss(model, images, {
        keepIndices: tensor([indices, indices], { dtype: "int64" }),
        varianceFloor: 0.1,
      });
    const flatKept = loss([0, 1, 2, 3]).mim.item();
    const flatRemoved = loss([4, 5, 6, 7]).mim.item();
    assert.ok(flatKept > 0.7 && flatKept < 0.95, `${flatKept}`); // 15/16 of var / (var + 0.1)
    assert.ok(Math.abs(flatRemoved / flatKept - 8 / 12) < 0.05, `${flatRemoved} of ${flatKept}`);
  });
});

test("the floor keeps a flat patch with faint noise from becoming a target of full contrast", () => {
  manualSeed(0);
  scope(() => {
    const model = makeModel();
    for (const parameter of [model.decoder.pred.weight, model.decoder.pred.bias]) parameter.detach().zero_();
    const images = randn([1, 1, 16, 16]).mul(0.004); // one grey level of 255, standardised
    const keepIndices = tensor([[0, 5, 10, 15]], { dtype: "int64" });
    const loss = (varianceFloor: number) =>
      reconstructionLoss(model, images, { keepIndices, varianceFloor }).mim.item();
    assert.ok(loss(1e-3) < 0.05);
    assert.ok(loss(1e-6) > 0.7);
  });
});

test("pictures show kept patches as they are, removed ones painted or gray", () => {
  manualSeed(0);
  scope(() => {
    const model = makeModel();
    const images = rand([2, 1, 16, 16]).add(1);
    const keepIndices = tensor(
      [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
      { dtype: "int64" },
    ); // the upper left, the upper right quarter
    const { masked, reconstructed } = reconstruct(model, images, { keepIndices, varianceFloor: 1e-3 });
    const quarter = (picture: Tensor, sample: number, left: number, top: number) =>
      picture
        .slice(0, sample, sample + 1)
        .slice(2, top, top + 8)
        .slice(3, left, left + 8);
    for (const [sample, left] of [
      [0, 0],
      [1, 8],
    ] as const) {
      const truth = quarter(images, sample, left, 0);
      assert.equal(quarter(masked, sample, left, 0).sub(truth).abs().amax().item(), 0);
      assert.equal(quarter(reconstructed, sample, left, 0).sub(truth).abs().amax().item(), 0);
      assert.equal(
        quarter(masked, sample, 8 - left, 0)
          .abs()
          .amax()
          .item(),
        0,
      );
      assert.equal(quarter(masked, sample, 0, 8).abs().amax().item(), 0);
      // Painted in the image's own units, where values are 1-2.
      const painted = quarter(reconstructed, sample, 0, 8);
      assert.ok(Math.abs(painted.mean().item() - quarter(images, sample, 0, 8).mean().item()) < 0.3);
      assert.ok(
        painted
          .sub(quarter(images, sample, 0, 8))
          .abs()
          .amax()
          .item() > 0.01,
      );
    }
  });
});

test("without normalisation the target is the pixels as they are", () => {
  manualSeed(1);
  scope(() => {
    const model = makeModel();
    for (const parameter of [model.decoder.pred.weight, model.decoder.pred.bias]) parameter.detach().zero_();
    const images = randn([2, 1, 16, 16]).mul(3);
    const keepIndices = tensor(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      { dtype: "int64" },
    ); // the first row of patches
    const { mim } = reconstructionLoss(model, images, { keepIndices, varianceFloor: undefined });
    assertClose(mim, images.slice(2, 4).square().mean(), "mean square of the removed pixels");
  });
});

test("an input of one patch has nothing to mask", () => {
  const encoder = new ViT({ ...small, patchSize: 16, imageSize: 16 });
  assert.throws(() => new MaskedAutoencoder(encoder, { embedDim: 8, depth: 1, numHeads: 2 }), {
    code: "ERR_VIT_SHAPE",
  });
});
