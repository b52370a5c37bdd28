import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, fixtureBytes, READABLE } from "./fixtures/nifti-fixtures.ts";
import { isNifti } from "./nifti-fields.ts";
import { parseNifti } from "./nifti-file.ts";

const volume = (name: string) => parseNifti(fixtureBytes(name), name).volume(0);

function assertAffine(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${actual}`);
}

/** Where the file says something else than nibabel makes of it: see the tests below. */
const OWN_AFFINES = ["micrometres", "flat sform"];

for (const name of READABLE) {
  test(`${name}: sizes, values and affine are nibabel's`, () => {
    const expected = fixture(name);
    const file = parseNifti(fixtureBytes(name), name);
    const [width = 1, height = 1, depth = 1, ...more] = expected.shape;
    assert.equal(
      file.numVolumes,
      more.reduce((product, size) => product * size, 1),
    );
    const scans = Array.from({ length: file.numVolumes }, (_, t) => file.volume(t));
    const values = scans.flatMap((scan) => [...scan.data]);
    const round = scans[0]!.data instanceof Float32Array ? Math.fround : (value: number) => value;
    assert.deepEqual(
      values,
      expected.data.map((value) => round(Number(String(value).replace("inf", "Infinity")))),
    );
    for (const scan of scans) {
      assert.deepEqual(scan.shape, [depth, height, width]);
      if (!OWN_AFFINES.includes(name)) assertAffine(scan.affine!, expected.affine);
    }
  });
}

test("numbers keep their type, scaled ones get the smallest that holds them", () => {
  const types = {
    u1: Uint8Array,
    i1: Int8Array,
    u2: Uint16Array,
    "i2 big-endian": Int16Array,
    u4: Uint32Array,
    i4: Int32Array,
    f4: Float32Array,
    "f8 big-endian": Float64Array,
    "i8 small": Int32Array,
    "u8 small": Int32Array,
    "i8 large": Float64Array,
    "u8 large": Float64Array,
    rgb24: Uint8Array,
    "CT with intercept": Int16Array,
    "whole slope, 32 bits": Int32Array,
    "broken slope": Float32Array,
    "broken slope of f8": Float64Array,
    "slope 0": Int16Array,
  };
  for (const [name, type] of Object.entries(types)) assert.equal(volume(name).data.constructor, type, name);
});

test("colors have three channels and are made for the eye, other values are the scanner's own", () => {
  const { channels, meaning } = volume("rgb24");
  assert.deepEqual([channels, meaning], [3, "shown"]);
  assert.deepEqual([volume("i2").channels, volume("i2").meaning], [1, "relative"]);
});

test("voxels are a view of the file where they can be", () => {
  const bytes = fixtureBytes("i2");
  assert.equal(parseNifti(bytes, "i2").volume(0).data.buffer, bytes.buffer);
  // One byte further on, 16-bit values have no view.
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.deepEqual(parseNifti(shifted.subarray(1), "shifted").volume(0), volume("i2"));
});

test("big-endian bytes are left as they were", () => {
  const bytes = fixtureBytes("i2 big-endian");
  parseNifti(bytes, "i2").volume(0);
  assert.deepEqual(bytes, fixtureBytes("i2 big-endian"));
});

test("the voxel size is the affine's; of a picture without depth z is unknown", () => {
  assert.deepEqual(volume("qform").spacingMm!.map(Math.fround), [4, 0.75, 1.5]);
  assert.deepEqual(volume("no form, two axes").spacingMm, [Number.NaN, 0.75, 1.5]);
  assert.equal(volume("qform, odd spacing").spacingMm, undefined);
});

test("lengths in micrometres become millimetres", () => {
  const { affine, warnings } = volume("micrometres");
  assertAffine(
    affine!,
    fixture("micrometres").affine.map((value, i) => (i < 12 ? value / 1000 : value)),
  );
  assert.deepEqual(warnings, ["The header's lengths are in micrometres: converted to mm."]);
});

test("a form that is no orientation is passed over for the next one", () => {
  const { affine, warnings } = volume("flat sform");
  assertAffine(affine!, fixture("qform").affine);
  assert.deepEqual(warnings, ["The header's sform is no orientation: passed over."]);
});

test("what is odd is said", () => {
  assert.deepEqual(volume("i2").warnings, []);
  assert.match(volume("no form").warnings!.join(), /does not say how the volume lies/);
  assert.match(volume("qform, odd spacing").warnings!.join(), /no voxel size/);
  assert.match(volume("i8 large").warnings!.join(), /beyond 2\^53/);
});

test("types that are no picture are refused by name, and so is Analyze", () => {
  const messages = {
    complex64: /got complex64$/,
    complex128: /got complex128$/,
    rgba32: /got rgba32$/,
    analyze: /Analyze/,
  };
  for (const [name, message] of Object.entries(messages)) {
    assert.throws(() => parseNifti(fixtureBytes(`refused ${name}`), name), { code: "ERR_NIFTI_FORMAT", message });
  }
  assert.throws(() => parseNifti(new TextEncoder().encode("no"), "x"), { code: "ERR_NIFTI_FORMAT" });
});

test("a format is told by its first bytes", () => {
  assert.ok(READABLE.every((name) => isNifti(fixtureBytes(name))));
  assert.ok(!isNifti(fixtureBytes("refused analyze")));
  assert.ok(!isNifti(fixtureBytes("i2").subarray(0, 347)));
});

test("a file that is cut anywhere is refused", () => {
  for (const name of ["i2", "nifti-2", "four axes", "rgb24"]) {
    const bytes = fixtureBytes(name);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => parseNifti(bytes.subarray(0, length), name), { name: "MedsslError" }, `${name} ${length}`);
    }
  }
});

/** The bytes with 16-bit numbers written at some places. */
function patched(name: string, places: Readonly<Record<number, number>>): Uint8Array {
  const bytes = fixtureBytes(name);
  const view = new DataView(bytes.buffer);
  for (const [place, value] of Object.entries(places)) view.setInt16(Number(place), value, true);
  return bytes;
}

test("impossible and unaffordable headers are refused before anything is allocated", () => {
  const parse = (bytes: Uint8Array) => () => parseNifti(bytes, "x.nii");
  const corrupt = { code: "ERR_NIFTI_CORRUPT" };
  assert.throws(parse(patched("i2", { 42: 0 })), corrupt);
  assert.throws(parse(patched("i2", { 42: -3 })), corrupt);
  assert.throws(parse(patched("i2", { 40: 8 })), corrupt);
  assert.throws(parse(patched("i2", { 42: 2048, 44: 1024, 46: 1024 })), {
    code: "ERR_IMAGE_TOO_LARGE",
    message: "x.nii: expected at most 536870912 values, got 2048 x 1024 x 1024 (as the header says)",
  });
  assert.throws(parse(patched("i2", { 42: 512, 44: 512, 46: 60 })), {
    code: "ERR_NIFTI_CORRUPT",
    message: "x.nii: expected 31457280 bytes of voxels, got 48",
  });
  const offset = fixtureBytes("i2");
  for (const value of [Number.NaN, -1, 100, Number.POSITIVE_INFINITY]) {
    new DataView(offset.buffer).setFloat32(108, value, true);
    assert.throws(parse(offset), corrupt, `offset ${value}`);
  }
  const intercept = fixtureBytes("CT with intercept");
  new DataView(intercept.buffer).setFloat32(116, Number.NaN, true);
  assert.throws(parse(intercept), corrupt);
});

test("whatever single byte of the header is damaged, the result is a scan or an error for the user", () => {
  let refused = 0;
  for (const name of ["i2", "nifti-2"]) {
    const whole = fixtureBytes(name);
    for (let place = 0; place < 540 && place < whole.length; place++) {
      for (const value of [0, 0x7f, 0xff]) {
        const bytes = whole.slice();
        bytes[place] = value;
        try {
          const { shape, data, channels } = parseNifti(bytes, name).volume(0);
          assert.equal(data.length, shape[0] * shape[1] * shape[2] * channels);
        } catch (error) {
          assert.equal((error as Error).name, "MedsslError", `${name} byte ${place} = ${value}: ${error}`);
          refused++;
        }
      }
    }
  }
  assert.ok(refused > 50);
});

test("an sform of directions alone leaves the voxel sizes to the header: ACDC's files", () => {
  const bytes = fixtureBytes("i2").slice();
  const header = new DataView(bytes.buffer);
  for (const [i, size] of [1.5, 1.25, 10].entries()) header.setFloat32(80 + 4 * i, size, true);
  const sform = (steps: number) => {
    for (const [i, value] of [-steps, 0, 0, 0, 0, -steps, 0, 0, 0, 0, steps, 0].entries()) {
      header.setFloat32(280 + 4 * i, value, true);
    }
    return parseNifti(bytes, "acdc").volume(0);
  };
  const scan = sform(1);
  assert.deepEqual(scan.spacingMm, [10, 1.25, 1.5]);
  assertAffine(scan.affine!, [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  assert.match(scan.warnings!.join(), /voxel sizes are 1\.5 x 1\.25 x 10 mm/);
  assert.deepEqual(sform(2).spacingMm, [2, 2, 2]);
});
