import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromTypedArray, scope, zeros } from "@medssl/torch";
import { softClDiceLoss, softSkeleton } from "./soft-cl-dice.ts";

interface Fixture {
  readonly iterations: number;
  readonly shape: number[];
  readonly prediction: number[];
  readonly truth: number[];
  readonly loss: number;
  readonly gradientNorm: number;
}
const fixtures: Fixture[] = JSON.parse(readFileSync(new URL("./fixtures/cl-dice.json", import.meta.url), "utf8"));

for (const { iterations, shape, prediction, truth, loss, gradientNorm } of fixtures) {
  test(`soft clDice with ${iterations} rounds of thinning, and its gradient, are MONAI's`, () => {
    scope(() => {
      const masks = (values: number[]) => fromTypedArray(Float32Array.from(values), shape);
      const predicted = masks(prediction).setRequiresGrad();
      const ours = softClDiceLoss(predicted, masks(truth), iterations);
      ours.backward();
      assert.ok(Math.abs(ours.item() - loss) < 1e-5, `${ours.item()} for ${loss}`);
      assert.ok(Math.abs(predicted.grad!.norm().item() / gradientNorm - 1) < 1e-3);
    });
  });
}

test("the skeleton of a bar is its middle line", () => {
  scope(() => {
    const bar = zeros([1, 1, 9, 12]);
    bar.slice(2, 3, 6).slice(3, 2, 10).fill_(1);
    const skeleton = softSkeleton(bar, 4).view([9, 12]).toNested() as number[][];
    for (const [y, row] of skeleton.entries()) {
      for (const [x, value] of row.entries()) assert.equal(value, y === 4 && x >= 3 && x < 9 ? 1 : 0, `${y}, ${x}`);
    }
  });
});

test("a gap in a thin line costs more than the same pixels at the side of a thick one", () => {
  scope(() => {
    const line = zeros([1, 1, 16, 32]);
    line.slice(2, 8, 9).fill_(1);
    const broken = line.clone();
    broken.slice(3, 10, 14).fill_(0);
    const thick = zeros([1, 1, 16, 32]);
    thick.slice(2, 4, 13).fill_(1);
    const nibbled = thick.clone();
    nibbled.slice(2, 4, 5).slice(3, 10, 14).fill_(0);
    assert.ok(softClDiceLoss(broken, line, 6).item() > 3 * softClDiceLoss(nibbled, thick, 6).item());
  });
});
