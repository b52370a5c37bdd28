import assert from "node:assert/strict";
import { test } from "node:test";
import { scope, tensor, zeros } from "@medssl/torch";
import { segmentationLoss } from "./segmentation-loss.ts";

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
