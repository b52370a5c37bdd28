import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MedsslError } from "@medssl/contract";
import fc from "fast-check";
import type { Image } from "../image.ts";
import { decodeImage, readImage } from "./read-image.ts";
import { decodeMaskScan } from "./read-scan.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const { files } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));

/** The same sums that make-fixtures.py takes of numpy arrays. */
function sums({ width, height, channels, data }: Image): unknown {
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    weighted += data[i]! * (i % 997);
  }
  return { shape: channels === 1 ? [height, width] : [height, width, channels], sum, weighted };
}

for (const name of ["gray8.png", "gray16.png", "rgb8.png", "rgb16.png", "gray.jpg", "color.jpg", "gray-alpha.png"]) {
  test(`${name} has the pixels that Pillow reads`, async () => {
    const image = await readImage(join(fixtures, name));
    assert.deepEqual(sums(image), files[name]);
    assert.equal(image.data instanceof Uint16Array, name.includes("16"));
  });
}

test("a palette image becomes its colors", async () => {
  const image = await readImage(join(fixtures, "palette.png"));
  const labels = await decodeMaskScan(readFileSync(join(fixtures, "palette.png")), "palette.png");
  const colors = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0];
  assert.deepEqual(
    [...image.data],
    [...labels.data].flatMap((label) => colors.slice(label * 3, label * 3 + 3)),
  );
});

const hasCode = (code: string) => (error: MedsslError) => error.code === code && error.message.includes("x.png: ");

test("a file cut anywhere, emptied or with a flipped byte never gives an image", async () => {
  for (const name of ["gray8.png", "gray16.png", "palette.png"]) {
    const bytes = readFileSync(join(fixtures, name));
    for (const length of [0, 9, 40, bytes.length >> 1, bytes.length - 20]) {
      await assert.rejects(decodeImage(bytes.subarray(0, length), "x.png"), hasCode("ERR_IMAGE_CORRUPT"));
    }
    const flipped = Uint8Array.from(bytes);
    flipped[bytes.indexOf("IDAT") + 60]! ^= 0x40;
    await assert.rejects(decodeImage(flipped, "x.png"), hasCode("ERR_IMAGE_CORRUPT"));
  }
  const jpeg = readFileSync(join(fixtures, "gray.jpg"));
  for (const length of [3, 300, jpeg.length >> 1, jpeg.length - 100]) {
    await assert.rejects(decodeImage(jpeg.subarray(0, length), "x.png"), hasCode("ERR_IMAGE_CORRUPT"));
  }
});

test("whatever bytes are changed or cut off, the outcome is an image or an error that says so", async () => {
  const names = ["gray8.png", "gray16.png", "rgb8.png", "palette.png", "palette2bit.png", "gray.jpg", "color.jpg"];
  const files = names.map((name) => readFileSync(join(fixtures, name)));
  const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), changes, fc.boolean(), async (file, edits, isCut) => {
      const bytes = Uint8Array.from(file);
      for (const [place, value] of edits) bytes[Math.floor(place * bytes.length)] = value;
      const length = isCut ? Math.floor((edits[0]?.[0] ?? 1) * bytes.length) : bytes.length;
      for (const decode of [decodeImage, decodeMaskScan]) {
        const outcome = await decode(bytes.subarray(0, length), "x.png").catch((error: unknown) => error);
        if (outcome instanceof Error) assert.equal(outcome.name, "MedsslError", String(outcome.stack));
      }
    }),
    { seed: 1, numRuns: 150 },
  );
});

test("another format is called so, with what to do", async () => {
  await assert.rejects(decodeImage(Buffer.from("%PDF-1.7 with a scan in it"), "x.png"), (error: MedsslError) => {
    assert.equal(error.code, "ERR_IMAGE_FORMAT");
    assert.match(error.message, /x\.png: expected an image \(DICOM, .*\); its first bytes belong to none/);
    assert.match(error.hint ?? "", /Convert/);
    return true;
  });
  await assert.rejects(readImage(join(fixtures, "x.png")), hasCode("ERR_IMAGE_READ"));
});

test("pictures of every format are images; numbers with a sign or a point are spread over 16 bits", async () => {
  const { width, height, channels, data } = await readImage(join(fixtures, "rgb8.ppm.gz"));
  assert.deepEqual([width, height, channels, data.constructor], [53, 37, 3, Uint8Array]);
  const [spread, exact] = [
    await readImage(join(fixtures, "float32.tif")),
    await readImage(join(fixtures, "gray16.png")),
  ];
  const [low, high] = [Math.min(...exact.data), Math.max(...exact.data)];
  assert.deepEqual(
    spread.data,
    exact.data.map((value) => Math.round(((value - low) * 65535) / (high - low))),
  );
});

test("a stack of pages is no picture", async () => {
  await assert.rejects(readImage(join(fixtures, "pages.tif")), (error: MedsslError) => {
    assert.equal(error.code, "ERR_IMAGE_DEPTH");
    assert.match(error.message, /pages\.tif: expected one picture, got 3 slices$/);
    return true;
  });
});
