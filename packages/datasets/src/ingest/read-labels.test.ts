import assert from "node:assert/strict";
import { test } from "node:test";
import { segmentNames } from "./read-labels.ts";

const code = (meaning: string) => ({ scheme: "SCT", value: "1", meaning });

test("segments are called what their codes mean, sides and all; never what somebody typed", () => {
  const kidney = { label: "by Dr. Doe", type: code("Kidney") };
  const names = segmentNames({
    segments: [
      { number: 1, ...kidney, modifiers: [code("Left")] },
      { number: 3, ...kidney, modifiers: [code("Right")] },
      { number: 4, ...kidney, modifiers: [] },
      { number: 7, ...kidney, type: code(""), modifiers: [code("Left")] },
      { number: 8, ...kidney, type: undefined, modifiers: [] },
    ],
  });
  assert.deepEqual(names, ["left kidney", "right kidney", "kidney", "segment 7", "segment 8"]);
});
