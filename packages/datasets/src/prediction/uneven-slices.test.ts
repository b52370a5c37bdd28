import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { folderOf } from "../layouts/miniature.ts";
import { ctSlice } from "../layouts/sample-dicom.ts";
import { predict } from "./predict.ts";
import { brightModel, predictionOptions } from "./testing/bright-segmenter.ts";

/** 16 x 16 pixels of 0.5 mm, all bright: 64 mm2 a slice. */
async function predicted(heightsMm: readonly number[], formats: readonly ("nifti" | "seg")[]) {
  const bright = { "00281052": "200" };
  const slices = heightsMm.map((mm, i) => [`${i}.dcm`, ctSlice(i + 1, mm, bright)] as const);
  const { root } = folderOf(Object.fromEntries(slices));
  const options = { ...predictionOptions([root], join(root, "out")), model: brightModel("int16"), formats };
  const { predictions } = await predict({ ...options, hasOverlays: false });
  const [{ classes, warnings }] = predictions as [(typeof predictions)[number]];
  return { voxels: classes[0]!.voxels, volumeMl: classes[0]!.volumeMl, warnings };
}

test("a series with a missing slice: ml by where the slices lie, and a word about it", async () => {
  const { voxels, volumeMl, warnings } = await predicted([0, 5, 10, 20], ["nifti", "seg"]);
  assert.equal(voxels, 4 * 256);
  // 64 mm2 times 5 + 5 + 7.5 + 7.5 mm; four slices of 5 mm would make 1.28 ml.
  assert.ok(Math.abs(volumeMl! - 1.6) < 1e-9, `${volumeMl} ml`);
  assert.match(warnings.join("\n"), /1 slice is missing: 10.00 mm between slices 3 and 4/);
  assert.match(warnings.join("\n"), /ml go by where the slices lie.*NIfTI has even steps only.* up to 5.00 mm/);
  const withoutNifti = await predicted([0, 5, 10, 20], ["seg"]);
  assert.match(withoutNifti.warnings.join("\n"), /half as each slice at its ends$/m);
});

test("an even series: ml by the voxel size, and no word", async () => {
  assert.deepEqual(await predicted([0, 5, 10], ["nifti", "seg"]), { voxels: 768, volumeMl: 0.96, warnings: [] });
});
