import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDicom } from "./dataset.ts";
import { scanOfDicom } from "./scan-of-dicom.ts";
import { expectedOfFixtures, fixture } from "./testing/fixture.ts";

const expected = expectedOfFixtures();
const read = (name: string) => scanOfDicom(parseDicom(fixture(name), name));
const storedOf = (name: string) => expected[name]!.stored.values;

for (const [name, entry] of Object.entries(expected).filter(([, { scan }]) => scan)) {
  test(`${name}: the values that pydicom's transformations give`, async () => {
    assert.deepEqual(Array.from((await read(name)).data), entry.scan!.values);
  });
}

test("CT with a rescale is in Hounsfield units: short where that is exact, else float32", async () => {
  const [whole, half] = [await read("ct.dcm"), await read("ct-half-slope.dcm")];
  assert.deepEqual([whole.meaning, half.meaning], ["hounsfield", "hounsfield"]);
  assert.ok(whole.data instanceof Int16Array && half.data instanceof Float32Array);
  assert.equal(whole.modality, "CT");
  assert.deepEqual(whole.shape, [1, 12, 16]);
  assert.deepEqual(whole.windows, [
    { center: 40, width: 400 },
    { center: -600, width: 1500 },
  ]);
});

test("a CT without a rescale is relative, and keeps its type", async () => {
  const scan = await read("frames.dcm");
  assert.equal(scan.meaning, "relative");
  assert.ok(scan.data instanceof Uint16Array);
  assert.deepEqual(
    [scan.shape, scan.affine, scan.spacingMm, scan.windows],
    [[3, 12, 16], undefined, undefined, undefined],
  );
});

test("padding of a CT is air", async () => {
  const { data } = await read("ct-padded.dcm");
  const stored = storedOf("ct-padded.dcm");
  assert.equal(stored.filter((value) => value === -2000).length, 48);
  assert.deepEqual(
    Array.from(data),
    stored.map((value) => (value === -2000 ? -1024 : value)),
  );
});

test("a range of padding elsewhere is as dark as the darkest value beside it", async () => {
  const { data } = await read("padded-range.dcm");
  const isPadding = (value: number) => value >= -2000 && value <= -900;
  const stored = storedOf("padded-range.dcm");
  const darkest = Math.min(...stored.filter((value) => !isPadding(value)));
  assert.deepEqual(
    Array.from(data),
    stored.map((value) => (isPadding(value) ? darkest : value)),
  );
});

test("MONOCHROME1 is turned round, and its window with it", async () => {
  const scan = await read("monochrome1.dcm");
  assert.deepEqual(
    Array.from(scan.data),
    storedOf("monochrome1.dcm").map((value) => 4095 - value),
  );
  assert.ok(scan.data instanceof Uint16Array);
  assert.deepEqual(scan.windows, [{ center: 3095, width: 500 }]);
});

test("white padding of MONOCHROME1 becomes dark, not bright", async () => {
  const { data } = await read("monochrome1-padded.dcm");
  const stored = storedOf("monochrome1-padded.dcm");
  const darkest = Math.max(...stored.filter((value) => value !== 4095));
  assert.deepEqual(
    Array.from(data),
    stored.map((value) => 4095 - (value === 4095 ? darkest : value)),
  );
});

test("colors, palettes and pictures of ultrasound are as shown", async () => {
  for (const name of ["rgb.dcm", "jpeg-ybr.dcm", "jpeg-lossless-rgb.dcm", "palette-8.dcm", "palette-16.dcm"]) {
    const { channels, meaning, data } = await read(name);
    assert.deepEqual([channels, meaning, data.length], [3, "shown", 3 * 12 * 16], name);
    assert.ok(data instanceof Uint8Array);
  }
  assert.equal((await read("ultrasound.dcm")).meaning, "shown");
  assert.equal((await read("native-u1.dcm")).meaning, "relative");
});

test("colors of 12 bits reach the white of 16", async () => {
  const { data } = await read("rgb-12-of-16.dcm");
  assert.ok(data instanceof Uint16Array);
  assert.deepEqual(
    Array.from(data),
    storedOf("rgb-12-of-16.dcm").map((value) => Math.round((value / 4095) * 65535)),
  );
});

test("a VOI table is applied where there is no window, and that is said", async () => {
  const { warnings } = await read("voi-table.dcm");
  assert.deepEqual(warnings, ["The VOI look-up table is applied, since the file gives no window."]);
});

test("the place of a slice, in RAS+", async () => {
  const { affine, spacingMm } = await read("coronal.dcm");
  assert.deepEqual(spacingMm, [4, 0.5, 0.75]);
  // Columns run to the patient's left, rows to the feet, slices (row x column) to the back.
  const to = (affine ?? []).map((value) => value + 0);
  assert.deepEqual(to, [-0.75, 0, 0, 10, 0, 0, -4, 20, 0, -0.5, 0, 30, 0, 0, 0, 1]);
});

test("a film has the size of its detector's pixels, and no place", async () => {
  const { affine, spacingMm } = await read("film.dcm");
  assert.deepEqual(spacingMm, [Number.NaN, 0.15, 0.2]);
  assert.equal(affine, undefined);
});

test("frames that follow one another evenly are a volume", async () => {
  const { affine, spacingMm, windows, shape } = await read("enhanced.dcm");
  assert.deepEqual(spacingMm, [2.5, 0.5, 0.5]);
  assert.deepEqual(shape, [3, 12, 16]);
  assert.deepEqual(
    (affine ?? []).map((value) => value + 0),
    [-0.5, 0, 0, 50, 0, -0.5, 0, 60, 0, 0, -2.5, 100, 0, 0, 0, 1],
  );
  assert.deepEqual(windows, [{ center: 40, width: 400 }]);
});

test("frames that do not are pictures without a place, and that is said", async () => {
  const { affine, spacingMm, warnings } = await read("enhanced-uneven.dcm");
  assert.deepEqual([affine, spacingMm], [undefined, [Number.NaN, 0.5, 0.5]]);
  assert.deepEqual(warnings, ["The 3 frames do not follow one another evenly."]);
});
