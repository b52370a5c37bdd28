import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { MedsslError, type SegmentationPlan } from "@medssl/contract";
import type { Scan, ScanSegmenter } from "@medssl/imaging";
import type { PredictionThreads } from "./prediction-threads.ts";
import type { ReadableScan } from "./read-input.ts";
import { segmentInputs } from "./segment-inputs.ts";

const shown: Scan<Uint8Array> = { shape: [1, 2, 2], channels: 1, data: new Uint8Array(4), meaning: "shown" };
const scan: ReadableScan = {
  ...{ shown, own: { shape: shown.shape, affine: undefined, spacingMm: undefined } },
  ...{ volume: undefined, dicom: undefined, formats: ["png"], warnings: [] },
};
const input = { file: "a", key: "/a", path: "a", name: "a", files: ["a"], identity: "1" };

test("a full disk at the first scan of an input is told as such, though the second is still being segmented", async () => {
  const segmenter = {
    ...{
      name: "slow",
      classes: [],
      plan: { slices: { channel: "luma", dtype: "uint8" } } as unknown as SegmentationPlan,
    },
    async segmentShown() {
      await setTimeout(20);
      return { labels: new Uint8Array(4), fractions: [] };
    },
    async dispose() {},
  } satisfies ScanSegmenter;
  const threads: Pick<PredictionThreads, "read" | "write" | "besides" | "numAhead"> = {
    numAhead: 1,
    besides: (network) => network(),
    async *read([job]) {
      yield { job: job!, result: { scans: [scan, scan], refused: [], seconds: 0 } };
    },
    async write() {
      throw new MedsslError("ERR_DISK_FULL", "out/masks/a-scan1.png: the disk is full");
    },
  };
  // A failure that nobody waits for would end the test, and the program, in its place.
  const segmenting = segmentInputs([input], {
    ...{ segmenter, threads: threads as PredictionThreads, out: "out", formats: undefined, hasOverlays: false },
    ...{ algorithm: { name: "slow", version: "1" }, listen: () => {}, signal: undefined, onDone: () => {} },
  });
  await assert.rejects(segmenting, { code: "ERR_DISK_FULL" });
});
