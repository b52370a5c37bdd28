import assert from "node:assert/strict";
import { test } from "node:test";
import type { Samples, Scan } from "../scan.ts";
import { encodeNifti } from "./encode-nifti.ts";
import { fixtureBytes, READABLE } from "./fixtures/nifti-fixtures.ts";
import { parseNifti } from "./nifti-file.ts";

// That nibabel reads these files alike is checked by `npm run conformance -- nifti`.

const affine = [-0.5, 0.25, 0, 10, 0, 0.75, 0, -20, 0, 0, 3, 30, 0, 0, 0, 1];
const scan = (data: Samples, channels: 1 | 3 = 1): Scan => ({
  shape: [1, 2, 2],
  channels,
  data,
  meaning: "relative",
  affine,
});

test("what is written is read: shape, type, values, affine", () => {
  for (const name of READABLE) {
    const read = parseNifti(fixtureBytes(name), name).volume(0);
    const again = parseNifti(encodeNifti(read), name).volume(0);
    assert.deepEqual(again.data, read.data, name);
    assert.deepEqual([again.shape, again.channels], [read.shape, read.channels], name);
    assert.deepEqual(again.affine, read.affine!.map(Math.fround), name);
  }
});

test("the header's fields are where the standard has them", () => {
  const bytes = encodeNifti(scan(Int16Array.of(1, -2, 3, -4)));
  const view = new DataView(bytes.buffer);
  const int16s = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getInt16(at + 2 * i, true));
  const floats = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i, true));
  assert.equal(bytes.length, 352 + 8);
  assert.deepEqual([view.getInt32(0, true), ...int16s(40, 8)], [348, 3, 2, 2, 1, 1, 1, 1, 1]);
  assert.deepEqual([...int16s(70, 2), ...int16s(252, 2), bytes[123]], [4, 16, 0, 2, 2]);
  assert.deepEqual(floats(76, 4), [1, 0.5, Math.fround(Math.hypot(0.25, 0.75)), 3]);
  assert.deepEqual([...floats(108, 3), ...floats(280, 12)], [352, 1, 0, ...affine.slice(0, 12)]);
  assert.deepEqual([...bytes.subarray(344, 348)], [0x6e, 0x2b, 0x31, 0]);
  assert.deepEqual(int16s(352, 4), [1, -2, 3, -4]);
});

test("an axis too long for NIfTI-1 makes it NIfTI-2, whose affine is exact", () => {
  const long = { ...scan(new Uint8Array(40000)), shape: [1, 1, 40000] as const, affine: affine.with(3, 1 / 3) };
  const { header, volume } = parseNifti(encodeNifti(long), "long");
  assert.deepEqual([header.version, header.shape], [2, [1, 1, 40000]]);
  assert.deepEqual(volume(0).affine, long.affine);
});

test("a scan that does not know how it lies keeps its voxel size and gets no form", () => {
  const bytes = encodeNifti({ ...scan(new Uint8Array(4)), affine: undefined, spacingMm: [Number.NaN, 0.5, 0.25] });
  const { header } = parseNifti(bytes, "unknown");
  assert.equal(header.affineSource, "pixdim");
  assert.deepEqual(header.spacingMm, [1, 0.5, 0.25]);
});

test("colors of 16 bits are refused", () => {
  assert.throws(() => encodeNifti(scan(new Uint16Array(12), 3)), { code: "ERR_NIFTI_TYPE" });
});
