import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, randn, scope, type Tensor, tensor } from "@medssl/torch";
import { assertClose, readFixture } from "../testing/parity.ts";
import { contrastLoss, correlatedKeepIndices, effectiveRank, findPairs, patchCenters } from "./anatomical-contrast.ts";

test("pairs, loss and gradients are those of the loops in make-parity.py", () => {
  scope(() => {
    const fixture = readFixture("contrast");
    const view = (name: string) => ({
      embeddings: fixture.get(`${name}.embeddings`)!.clone().setRequiresGrad(),
      boxes: fixture.get(`${name}.boxes`)!,
      keepIndices: fixture.get(`${name}.keep_indices`)!,
    });
    const [first, second] = [view("first"), view("second")];
    const settings = { temperature: 0.2, ignoreRadius: 1, otherImageDistance: 0.3 };
    const { isPositive, isNegative } = findPairs(first, second, [4, 4], settings);
    const { loss, health } = contrastLoss(first, second, [4, 4], settings);
    const count = (pairs: Tensor) => pairs.sum().item();
    assert.deepEqual([health.anchors.item(), count(isPositive), count(isNegative)], fixture.get("counts")!.toNested());
    assertClose(loss, fixture.get("loss")!, "loss");
    loss.backward();
    assertClose(first.embeddings.grad!, fixture.get("first.gradient")!, "gradient of the first view");
    assertClose(second.embeddings.grad!, fixture.get("second.gradient")!, "gradient of the second view");
  });
});
