import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, noGrad, randn, scope, type Tensor, tensor } from "@medssl/torch";
import { ViT } from "../models/vit.ts";
import { namedParameters } from "../nn/module.ts";
import { blankRemoved, hybridReconstructionLoss, paintingHybrid } from "./hybrid-reconstruction.ts";

const shape = { embedDim: 16, depth: 4, numHeads: 2, mlpRatio: 4, positions: "sincos" } as const;
const makeNetwork = () => paintingHybrid(new ViT({ ...shape, imageSize: 32, patchSize: 8 }));

/** Of the 16 patches in four rows, the first row and the last patch; another mask for the second image. */
const keepIndices = () =>
  tensor(
    [
      [0, 1, 2, 3, 15],
      [4, 5, 6, 7, 12],
    ],
    { dtype: "int64" },
  );
const isEqual = (a: Tensor, b: Tensor): boolean => a.sub(b).abs().amax().item() === 0;

test("removed patches are 0 in each image, kept ones as they are", () => {
  manualSeed(0);
  scope(() => {
    const images = randn([2, 1, 32, 32]);
    const blanked = blankRemoved(images, keepIndices(), makeNetwork().encoder);
    const block = (all: Tensor, image: number, row: number, column: number) =>
      all
        .select(0, image)
        .slice(1, 8 * row, 8 * row + 8)
        .slice(2, 8 * column, 8 * column + 8);
    for (const [image, row, column, isKept] of [
      [0, 0, 3, true],
      [0, 3, 3, true],
      [0, 1, 0, false],
      [1, 1, 0, true],
      [1, 3, 0, true],
      [1, 0, 0, false],
    ] as const) {
      const expected = block(images, image, row, column).mul(isKept ? 1 : 0);
      assert.ok(isEqual(block(blanked, image, row, column), expected), `${image}: ${row}, ${column}`);
    }
  });
});

test("no pixel of a removed patch reaches the network", () => {
  manualSeed(0);
  scope(() => {
    const images = randn([2, 1, 32, 32]).setRequiresGrad();
    const network = makeNetwork();
    network
      .forward(blankRemoved(images, keepIndices(), network.encoder))
      .square()
      .sum()
      .backward();
    const isSeen = images.grad!.abs();
    assert.equal(isSeen.select(0, 0).slice(1, 8, 24).amax().item(), 0);
    assert.ok(isSeen.select(0, 0).slice(1, 0, 8).amin().item() > 0, "kept pixels do");
  });
});

test("the loss is over removed patches only", () => {
  manualSeed(0);
  scope(() => {
    const network = makeNetwork();
    // A network that paints 0 everywhere has the mean square of the targets as its loss.
    noGrad(() => {
      network.convDecoder.out.weight.zero_();
      network.convDecoder.out.bias!.zero_();
    });
    const images = randn([1, 1, 32, 32]);
    images.slice(2, 0, 8).zero_();
    const loss = (indices: number[]) =>
      hybridReconstructionLoss(network, images, {
        keepIndices: tensor([indices], { dtype: "int64" }),
        varianceFloor: undefined,
      }).item();
    const rest = images.slice(2, 8).square().mean().item();
    assert.ok(Math.abs(loss([0, 1, 2, 3]) - rest) < 1e-5, "the flat row is kept");
    assert.ok(Math.abs(loss([12, 13, 14, 15]) - images.slice(2, 0, 24).square().mean().item()) < 1e-5);
  });
});

test("a gradient reaches every parameter but the ViT's final norm", () => {
  manualSeed(0);
  scope(() => {
    const network = makeNetwork();
    const images = randn([2, 1, 32, 32]);
    hybridReconstructionLoss(network, images, { keepIndices: keepIndices(), varianceFloor: 1e-3 }).backward();
    for (const [name, { grad }] of namedParameters(network)) {
      const isReached = grad !== undefined && grad.abs().sum().item() > 0;
      assert.equal(isReached, !name.startsWith("encoder.norm."), name);
    }
  });
});
