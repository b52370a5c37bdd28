import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { MedsslError } from "@medssl/contract";
import { MAX_SAMPLES } from "../limits.ts";
import { encodeNifti } from "../nifti/encode-nifti.ts";
import { fixtureBytes, fixture as niftiFixture } from "../nifti/fixtures/nifti-fixtures.ts";
import type { Scan } from "../scan.ts";
import { decodeMaskScan, decodeScan, readScan } from "./read-scan.ts";
import { encodePng } from "./write-png.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const { files, pictures } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const fixture = (name: string) => readFileSync(join(fixtures, name));

/** The same sums that make-fixtures.py takes of numpy arrays. */
function sums({ shape: [depth, height, width], channels, data }: Scan): unknown {
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    weighted += data[i]! * (i % 997);
  }
  const shape = [...(depth > 1 ? [depth] : []), height, width, ...(channels > 1 ? [channels] : [])];
  return { shape, sum, weighted };
}

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/gray16|rgba16|gray12/, "Uint16Array"],
  [/int16/, "Int16Array"],
  [/uint32/, "Uint32Array"],
  [/float32/, "Float32Array"],
  [/float64/, "Float64Array"],
];

for (const name of Object.keys(pictures)) {
  test(`${name} has the pixels that were drawn`, async () => {
    const scan = await readScan(join(fixtures, name));
    assert.deepEqual(sums(scan), pictures[name]);
    assert.equal(scan.data.constructor.name, TYPES.find(([words]) => words.test(name))?.[1] ?? "Uint8Array");
  });
}

for (const name of ["bilevel.png", "palette.png", "palette2bit.png", "palette-gray.png"]) {
  test(`the mask ${name} has the values that are meant`, async () => {
    assert.deepEqual(sums(await decodeMaskScan(fixture(name), name)), files[name]);
  });
}

for (const name of ["palette.gif", "palette.bmp", "palette.tif"]) {
  test(`the mask ${name} has the indices of its palette`, async () => {
    assert.deepEqual(sums(await decodeMaskScan(fixture(name), name)), files["palette.png"]);
  });
}

test("a mask in colors is refused, a grey one stored as color is read", async () => {
  await assert.rejects(decodeMaskScan(fixture("rgb8.png"), "rgb8.png"), { code: "ERR_MASK_COLOR" });
  const gray = await decodeMaskScan(fixture("bilevel.png"), "bilevel.png");
  const data = Uint8Array.from([...gray.data].flatMap((value) => [value, value, value]));
  const [, height, width] = gray.shape;
  const color = await encodePng({ width, height, channels: 3, data });
  assert.deepEqual((await decodeMaskScan(color, "color.png")).data, gray.data);
});

test("masks of grey and bits are their values in every format", async () => {
  for (const name of ["bilevel.bmp", "bilevel.tif", "bits.pbm", "gray-interlaced.gif", "gray8.bmp"]) {
    assert.deepEqual(sums(await decodeMaskScan(fixture(name), name)), pictures[name], name);
  }
});

test("what numbers mean: pictures are shown, detector values are relative", async () => {
  const meanings = {
    "gray8.tif": "shown",
    "rgba16.tif": "shown",
    "gray16-tiles.tif": "relative",
    "float32.tif": "relative",
  };
  for (const [name, meaning] of Object.entries(meanings)) {
    assert.equal((await readScan(join(fixtures, name))).meaning, meaning, name);
  }
});

test("a page that is not like the first is left out, and that is told", async () => {
  const { warnings } = await readScan(join(fixtures, "gray8-thumbnail.tif"));
  assert.deepEqual(warnings, ["1 of 2 pages are not like the first one and were left out."]);
});

test("the name does not matter where the content speaks", async () => {
  for (const name of ["gray8.png", "gray8.tif", "palette.gif", "gray8.bmp", "gray8.pgm", "rgb8.ppm.gz"]) {
    const { shape } = await decodeScan(fixture(name), "image.dcm");
    assert.deepEqual(shape, [1, 37, 53], name);
  }
});

test("DICOM with preamble and without, NIfTI plain and in gzip, are told by their content", async () => {
  const dicom = (name: string) => readFileSync(join(fixtures, "..", "dicom", "fixtures", `${name}.dcm`));
  for (const name of ["explicit", "bare-implicit", "bare-big-endian", "deflated"]) {
    const { shape } = await decodeScan(dicom(name), "image.png");
    assert.ok(
      shape.every((size) => size >= 1),
      name,
    );
  }
  const volume: Scan = {
    shape: [2, 3, 4],
    channels: 1,
    data: Int16Array.from({ length: 24 }, (_, i) => i - 9),
    meaning: "relative",
  };
  const nifti = encodeNifti(volume);
  for (const bytes of [nifti, gzipSync(nifti)]) {
    const { shape, data } = await decodeScan(bytes, "image.png");
    assert.deepEqual([shape, [...data]], [volume.shape, [...volume.data]]);
  }
});

test("the voxels of a NIfTI pair are found beside its header", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medssl-pair-"));
  const single = fixtureBytes("i2");
  const header = single.slice(0, 348);
  header.set(new TextEncoder().encode("ni1\0"), 344);
  new DataView(header.buffer).setFloat32(108, 0, true);
  writeFileSync(join(folder, "a.hdr"), header);
  writeFileSync(join(folder, "a.img"), single.subarray(352));
  assert.deepEqual([...(await readScan(join(folder, "a.hdr"))).data], niftiFixture("i2").data);
  rmSync(folder, { recursive: true });
});

test("values of a pixel that are neither grey, color nor alpha are left out, and that is told", async () => {
  const { channels, data, warnings } = await readScan(join(fixtures, "samples5.tif"));
  assert.deepEqual([channels, data[0], data[1]], [1, 0, 5]);
  assert.deepEqual(warnings, ["4 of the 5 values of each pixel were left out."]);
});

test("JSRT's headerless pictures are told by size and name, and only where the values fit", async () => {
  const bytes = new Uint8Array(2048 * 2048 * 2);
  bytes.set([0x0f, 0xff, 0x01, 0x02]);
  const { shape, data, meaning } = await decodeScan(bytes, "JPCLN001.IMG");
  assert.deepEqual([shape, data[0], data[1], data[2], meaning], [[1, 2048, 2048], 4095, 258, 0, "relative"]);
  await assert.rejects(decodeScan(bytes, "JPCLN001.raw"), { code: "ERR_IMAGE_FORMAT" });
  await assert.rejects(decodeScan(bytes.subarray(1), "JPCLN001.IMG"), { code: "ERR_IMAGE_FORMAT" });
  bytes.set([0x10, 0x00], 1000);
  await assert.rejects(decodeScan(bytes, "JPCLN001.IMG"), { code: "ERR_IMAGE_CORRUPT" });
});

test("a file cut anywhere never gives an image", async () => {
  for (const name of Object.keys(pictures)) {
    const bytes = fixture(name);
    const lengths = Array.from({ length: 40 }, (_, i) => Math.floor((bytes.length * i) / 40));
    for (const length of [...lengths, bytes.length - 1]) {
      const outcome = await decodeScan(bytes.subarray(0, length), "x").catch((error: MedsslError) => error);
      const isWhole = "shape" in outcome;
      // The last digit of a text is the only one whose loss cannot be told.
      if (isWhole && name.includes("text") && length === bytes.length - 1) continue;
      // Only what holds no pixel may be missing: the end of a TIFF's directory, of a compressed part.
      if (isWhole && name.endsWith("tif")) assert.deepEqual(sums(outcome), pictures[name], `${name} at ${length}`);
      else assert.match((outcome as MedsslError).code ?? "", /^ERR_IMAGE_/, `${name} at ${length} of ${bytes.length}`);
    }
  }
});

test("a header that claims 2^31 pixels is refused before anything is allocated, in every format", async () => {
  const side = 46341;
  const png = fixture("gray8.png");
  new DataView(png.buffer, png.byteOffset).setUint32(16, side);
  new DataView(png.buffer, png.byteOffset).setUint32(20, side);
  const { crc32 } = await import("node:zlib");
  new DataView(png.buffer, png.byteOffset).setUint32(29, crc32(png.subarray(12, 29)));
  const bmp = fixture("gray8.bmp");
  new DataView(bmp.buffer, bmp.byteOffset).setInt32(18, side, true);
  new DataView(bmp.buffer, bmp.byteOffset).setInt32(22, side, true);
  const gif = fixture("palette.gif");
  new DataView(gif.buffer, gif.byteOffset).setUint16(6, side, true);
  new DataView(gif.buffer, gif.byteOffset).setUint16(8, side, true);
  const tiff = fixture("int16-big.tif");
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const entry = (tag: number) => {
    const start = Number(view.getBigUint64(8, true)) + 8;
    for (let i = 0; ; i++) if (view.getUint16(start + 20 * i, true) === tag) return start + 20 * i;
  };
  for (const tag of [256, 257]) {
    view.setUint16(entry(tag) + 2, 4, true);
    view.setUint32(entry(tag) + 12, side, true);
  }
  const pgm = Buffer.from(`P5 ${side} ${side} 255 `);
  const before = process.memoryUsage().arrayBuffers;
  for (const [name, bytes] of Object.entries({ png, bmp, gif, tiff, pgm, gz: gzipSync(pgm) })) {
    await assert.rejects(decodeScan(bytes, name), (error: MedsslError) => {
      assert.equal(error.code, "ERR_IMAGE_TOO_LARGE", `${name}: ${error.message}`);
      assert.match(error.message, new RegExp(`^${name}: expected at most ${MAX_SAMPLES} values, got `));
      return true;
    });
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26);
});

test("a header that claims much and has little behind it is refused before memory is taken for it", async () => {
  const png = fixture("gray8.png");
  const view = new DataView(png.buffer, png.byteOffset);
  view.setUint32(16, 20000);
  view.setUint32(20, 20000);
  const { crc32 } = await import("node:zlib");
  view.setUint32(29, crc32(png.subarray(12, 29)));
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(decodeScan(png, "x.png"), { code: "ERR_IMAGE_CORRUPT" });
  await assert.rejects(decodeScan(Buffer.from("P5 20000 20000 255 \0"), "x.pgm"), { code: "ERR_IMAGE_CORRUPT" });
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26);
});
