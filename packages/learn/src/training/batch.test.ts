import assert from "node:assert/strict";
import { test } from "node:test";
import { batchOf } from "./batch.ts";

const recipe = { method: "mim+acl", batchSize: 128, accumulationSteps: 2 } as const;

test("a batch is shared evenly, views counted", () => {
  assert.deepEqual(batchOf(recipe, 1000, 4), { views: 2, images: 64, share: 8 });
  assert.deepEqual(batchOf({ ...recipe, method: "mim" }, 1000, 4), { views: 1, images: 128, share: 16 });
});

test("what cannot be shared is refused with what could be", () => {
  assert.throws(() => batchOf(recipe, 3, 8), {
    code: "ERR_RANKS",
    message: /3 images .* 8 processes/,
    hint: /at most 3/,
  });
  assert.throws(() => batchOf(recipe, 1000, 3), { code: "ERR_RANKS", message: /64 images/, hint: /batchSize=132/ });
});
