import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Prediction, PredictionReport } from "@medssl/datasets";
import { printPredictions } from "./prediction-tables.ts";

const prediction = (name: string, dice?: number, others: Partial<Prediction> = {}): Prediction => ({
  ...{ file: `films/${name}.png`, name, outputs: {}, shape: [1, 4, 4], spacingMm: null, warnings: [] },
  classes: [{ name: "lungs", value: 1, voxels: 4, share: 0.25, truth: dice === undefined ? undefined : { dice } }],
  seconds: { read: 0, segment: 0, write: 0 },
  ...others,
});

function printed(t: TestContext, report: Partial<PredictionReport>): string {
  const { mock } = t.mock.method(console, "log", () => {});
  printPredictions("out", {
    ...{ format: "medssl-predictions", version: 1, producer: "test", settings: {}, isComplete: true, numKept: 0 },
    model: { name: "test", kind: "run", sha256: "0" },
    classes: [{ name: "lungs", value: 1, color: [1, 2, 3] }],
    ...{ predictions: [], skipped: [], notes: [] },
    ...report,
  });
  const lines = mock.calls.map((call) => call.arguments.join(" "));
  mock.restore();
  return lines.join("\n");
}

test("beneath the mean Dice stand the worst three, the worst first, where there are more", (t) => {
  const predictions = [prediction("a", 0.9), prediction("b", 0.2), prediction("none"), prediction("c", 0.5)];
  assert.doesNotMatch(printed(t, { predictions }), /worst/);
  assert.match(
    printed(t, { predictions: [...predictions, prediction("d", 1)] }),
    /\nlungs: Dice 65.00 % over 4 images with truth\n {2}worst: films\/b.png 20.0 %, films\/c.png 50.0 %, films\/a.png 90.0 %\n/,
  );
});

test("what was stored now is told apart from what was stored before, and from what was refused", (t) => {
  const [address, other] = ["https://pacs", "https://other"];
  const stored = (isStored: boolean, at = address) =>
    prediction("a", undefined, {
      stored: [{ output: "seg", address: at, isStored, ...(isStored ? {} : { reason: "full" }) }],
    });
  const told = (one: Prediction, numStored: number, numBefore: number) =>
    printed(t, { predictions: [one], archive: { address, numStored, numBefore } })
      .split("\n")
      .slice(5);
  assert.deepEqual(told(stored(true), 1, 0), ["1 DICOM segmentation stored in https://pacs"]);
  assert.deepEqual(told(stored(true), 2, 1), ["2 DICOM segmentations stored in https://pacs, 1 before"]);
  assert.deepEqual(told(stored(true), 0, 1), ["1 DICOM segmentation stored in https://pacs before, none sent now"]);
  assert.deepEqual(told(stored(false), 0, 1), [
    "1 DICOM segmentation stored in https://pacs before, none taken now",
    "not stored seg of a: full",
  ]);
  assert.deepEqual(told(stored(false, other), 0, 0), ["No DICOM segmentation for https://pacs"]);
  assert.doesNotMatch(printed(t, { predictions: [stored(true)] }), /stored/);
});
