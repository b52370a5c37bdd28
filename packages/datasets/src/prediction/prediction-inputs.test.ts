import assert from "node:assert/strict";
import { test } from "node:test";
import { uniqueNames } from "./prediction-inputs.ts";

test("no two files share a result's name", () => {
  assert.deepEqual(uniqueNames(["x/a.png", "y/a.jpg", "a-2.png", "z/A.png", "b.nii.gz"]), [
    "a",
    "a-2",
    "a-2-2",
    "A-3",
    "b",
  ]);
});
