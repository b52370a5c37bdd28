import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeScan, encodePng } from "@medssl/imaging";
import { parseLabels } from "../label-rule.ts";
import { folderOf } from "../layouts/miniature.ts";
import { ctSegmentation } from "../layouts/sample-dicom.ts";
import { readLabels, segmentNames, wholeNumbers } from "./read-labels.ts";

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

test("a DICOM segmentation is no mask of an image that is not DICOM", async () => {
  const seg = folderOf({ seg: ctSegmentation(["Liver"], [[1, 0, 0, 8]]) }).at("seg");
  const png = await encodePng({ width: 16, height: 16, channels: 1, data: new Uint8Array(256) });
  const read = { scan: await decodeScan(png, "a.png"), crop: undefined, volume: undefined };
  await assert.rejects(readLabels([{ file: seg }], parseLabels("liver"), read), {
    code: "ERR_MASK_FORMAT",
    message: /seg: .*got a DICOM segmentation$/,
  });
});

test("labels are whole numbers from 0 to 65535, in any type", () => {
  const bytes = Uint8Array.of(0, 255);
  assert.equal(wholeNumbers(bytes, "a.nii"), bytes);
  assert.deepEqual(wholeNumbers(Float32Array.of(0, 65535), "a.nii"), Uint16Array.of(0, 65535));
  for (const odd of [Float32Array.of(0.5), Float64Array.of(Number.NaN), Int16Array.of(-1), Int32Array.of(65536)]) {
    assert.throws(() => wholeNumbers(odd, "a.nii"), { code: "ERR_MASK_VALUES" });
  }
});
