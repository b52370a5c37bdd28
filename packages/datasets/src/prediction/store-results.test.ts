import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { SegmentationPlan } from "@medssl/contract";
import type { ScanSegmenter } from "@medssl/imaging";
import { type PredictOptions, predict } from "./predict.ts";

const dir = mkdtempSync(join(tmpdir(), "medssl-predict-"));
test.after(() => rmSync(dir, { recursive: true }));

/** Marks every pixel. */
const everything: ScanSegmenter = {
  name: "everything",
  classes: [
    {
      ...{ value: 1, name: "all", color: [230, 90, 60], modifiers: [] },
      category: { scheme: "SCT", value: "123037004", meaning: "Anatomical Structure" },
      type: { scheme: "SCT", value: "123037004", meaning: "Anatomical Structure" },
    },
  ],
  plan: {
    ...{ kinds: [], contextSlices: 0 },
    slices: { width: 4, height: 4, fit: "squash", channel: "luma", dtype: "uint8" },
  } as unknown as SegmentationPlan,
  async segmentShown({ shape: [depth, height, width] }) {
    return { labels: new Uint8Array(depth * height * width).fill(1), fractions: [] };
  },
  async dispose() {},
};

const options = (name: string, files: readonly string[]): PredictOptions => ({
  model: { name: "everything", kind: "exported", sha256: "0".repeat(64), open: async () => everything },
  inputs: async () => files,
  out: join(dir, name),
  settings: {},
  producer: "test 1",
  numWorkers: 0,
  listen: () => {},
});

const dicom = join(import.meta.dirname, "../../../imaging/src/dicom/fixtures-segmentations/dx.dcm");

test("a prediction that is interrupted while its results are stored is not complete, and goes on with the rest", async () => {
  const stop = new AbortController();
  let numSent = 0;
  const address = "https://pacs";
  const interrupted = await predict({
    ...options("stored", [dicom]),
    archive: {
      address,
      async store() {
        stop.abort();
        throw stop.signal.reason;
      },
    },
    signal: stop.signal,
  });
  assert.deepEqual([interrupted.isComplete, interrupted.predictions.length], [false, 1]);
  const archive = {
    address,
    async store() {
      numSent++;
      return [{ instanceUid: "1", isStored: true }];
    },
  };
  const again = await predict({ ...options("stored", [dicom]), archive });
  assert.deepEqual([again.isComplete, again.numKept, numSent], [true, 1, 1]);
  assert.deepEqual(again.predictions[0]!.stored, [{ output: "seg", address, instanceUid: "1", isStored: true }]);
});

test("what an archive took is not sent to it again, though another was given since", async () => {
  const archiveAt = (address: string) => {
    const archive = {
      address,
      numSent: 0,
      async store() {
        archive.numSent++;
        return [{ instanceUid: "1", isStored: true }];
      },
    };
    return archive;
  };
  const [first, second] = [archiveAt("https://first"), archiveAt("https://second")];
  const courses = [];
  for (const archive of [first, second, first]) {
    courses.push((await predict({ ...options("twice", [dicom]), archive })).archive);
  }
  assert.deepEqual(courses, [
    { address: first.address, numBefore: 0, numStored: 1 },
    { address: second.address, numBefore: 0, numStored: 1 },
    { address: first.address, numBefore: 1, numStored: 0 },
  ]);
  assert.deepEqual([first.numSent, second.numSent], [1, 1]);
});
