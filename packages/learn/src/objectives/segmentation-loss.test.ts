import assert from "node:assert/strict";
import { test } from "node:test";
import { scope, tensor, zeros } from "@medssl/torch";
import { IGNORED, segmentationLoss } from "./segmentation-loss.ts";

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-5, `${actual} for ${expected}`);

test("an undecided network, by hand", () => {
  scope(() => {
    // Two images of 2x2, three classes at probability 1/3; class 1 on three pixels, class 2 on one.
    const labels = tensor(
      [
        [
          [1, 1],
          [0, 0],
        ],
        [
          [1, 2],
          [0, 0],
        ],
      ],
      { dtype: "int64" },
    );
    const { loss, crossEntropy, dice } = segmentationLoss(zeros([2, 3, 2, 2]), labels);
    const first = (2 * (3 / 3) + 1) / (8 / 3 + 3 + 1);
    const second = (2 * (1 / 3) + 1) / (8 / 3 + 1 + 1);
    near(crossEntropy.item(), Math.log(3));
    near(dice.item(), 1 - (first + second) / 2);
    near(loss.item(), Math.log(3) + 1 - (first + second) / 2);
  });
});

test("the truth costs nothing, and neither does an absent class that is not predicted", () => {
  scope(() => {
    const labels = tensor(
      [
        [
          [1, 1],
          [0, 0],
        ],
      ],
      { dtype: "int64" },
    );
    const logits = tensor([
      [
        [
          [-50, -50],
          [50, 50],
        ],
        [
          [50, 50],
          [-50, -50],
        ],
        [
          [-50, -50],
          [-50, -50],
        ],
      ],
    ]);
    near(segmentationLoss(logits, labels).loss.item(), 0);
  });
});

test("two classes cost what a sigmoid of their difference costs", () => {
  scope(() => {
    const difference = tensor([
      [0.3, -1.2],
      [2, 0.1],
    ]);
    const truth = tensor([
      [1, 0],
      [1, 1],
    ]);
    const logits = zeros([1, 2, 2, 2]);
    logits.select(1, 1).copy_(difference);
    const { crossEntropy, dice } = segmentationLoss(logits, truth.to({ dtype: "int64" }).unsqueeze(0));
    near(crossEntropy.item(), difference.binaryCrossEntropyWithLogits(truth).item());
    const p = difference.sigmoid();
    near(dice.item(), 1 - (2 * p.mul(truth).sum().item() + 1) / (p.sum().item() + 3 + 1));
  });
});

test("pixels that say nothing change nothing, whatever is predicted there", () => {
  scope(() => {
    const labels = tensor(
      [
        [
          [1, IGNORED],
          [0, IGNORED],
        ],
      ],
      { dtype: "int64" },
    );
    const logits = (there: number) => {
      const values = zeros([1, 2, 2, 2]);
      values.select(3, 1).select(1, 1).fill_(there);
      values
        .select(3, 0)
        .select(1, 1)
        .copy_(tensor([[2, -1]]));
      return values;
    };
    const settings = { clDice: 1, clDiceIterations: 1 };
    const [calm, wild] = [-30, 30].map((there) => segmentationLoss(logits(there), labels, settings));
    near(wild!.loss.item(), calm!.loss.item());
    // By hand: two known pixels.
    const p = (x: number) => 1 / (1 + Math.exp(-x));
    near(calm!.crossEntropy.item(), -(Math.log(p(2)) + Math.log(1 - p(-1))) / 2);
    near(calm!.dice.item(), 1 - (2 * p(2) + 1) / (p(2) + p(-1) + 1 + 1));
    const nothing = tensor(
      [
        [
          [IGNORED, IGNORED],
          [IGNORED, IGNORED],
        ],
      ],
      { dtype: "int64" },
    );
    near(segmentationLoss(logits(30), nothing).loss.item(), 0);
  });
});

test("a class that weighs more pulls more", () => {
  scope(() => {
    const labels = tensor(
      [
        [
          [1, 0],
          [0, 0],
        ],
      ],
      { dtype: "int64" },
    );
    const logits = zeros([1, 2, 2, 2]);
    logits.select(1, 1).fill_(1);
    const weighted = segmentationLoss(logits, labels, { classWeights: tensor([0.5, 1.5]) }).crossEntropy.item();
    const [right, wrong] = [Math.log(1 + Math.exp(-1)), Math.log(1 + Math.exp(1))];
    near(weighted, (1.5 * right + 3 * 0.5 * wrong) / (1.5 + 3 * 0.5));
  });
});

test("coarser levels count less, against the nearest labels", () => {
  scope(() => {
    const labels = tensor(
      [
        [
          [1, 1],
          [0, 0],
        ],
      ],
      { dtype: "int64" },
    );
    const [fine, coarse] = [zeros([1, 2, 2, 2]), tensor([[[[0]], [[3]]]])];
    const alone = segmentationLoss([fine], labels).loss.item();
    const below = segmentationLoss(coarse, labels.slice(1, 0, 1).slice(2, 0, 1)).loss.item();
    near(segmentationLoss([fine, coarse], labels, { deepSupervision: 0.5 }).loss.item(), (alone + 0.5 * below) / 1.5);
    near(segmentationLoss([fine, coarse], labels, { deepSupervision: 0 }).loss.item(), alone);
  });
});
