import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { MedsslError } from "@medssl/contract";
import { decodeJpeg } from "./jpeg.ts";

const fixtures = join(import.meta.dirname, "..", "..", "fixtures");
const { jpegs } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));

/** The same sums that make-fixtures.py takes of numpy arrays. */
function sums(bytes: Uint8Array): unknown {
  const { shape, channels, data } = decodeJpeg(bytes, "x.jpg");
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    weighted += data[i]! * (i % 997);
  }
  return { shape: channels === 1 ? shape.slice(1) : [...shape.slice(1), channels], sum, weighted };
}

for (const name of Object.keys(jpegs)) {
  test(`${name} has the pixels that Pillow reads`, () => {
    assert.deepEqual(sums(fixture(name)), jpegs[name]);
  });
}

test("bytes behind the end, and space before markers, do not matter", () => {
  const bytes = fixture("color-420-restart.jpg");
  assert.deepEqual(sums(Uint8Array.of(...bytes, 0xff, 0xd8, 1, 2, 3)), jpegs["color-420-restart.jpg"]);
  const mark = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd0);
  const spaced = Uint8Array.of(...bytes.subarray(0, mark), 0xff, 0xff, ...bytes.subarray(mark));
  assert.deepEqual(sums(spaced), jpegs["color-420-restart.jpg"]);
});

const isCorrupt = (error: MedsslError) => error.code === "ERR_IMAGE_CORRUPT" && error.message.startsWith("x.jpg: ");

test("a file cut anywhere is refused, but for the end mark behind a whole picture", () => {
  for (const name of Object.keys(jpegs)) {
    const bytes = fixture(name);
    const isSequential = !name.includes("progressive");
    for (let length = 3; length < bytes.length; length++) {
      if (isSequential && length >= bytes.length - 2) {
        assert.deepEqual(sums(bytes.subarray(0, length)), jpegs[name], name);
        continue;
      }
      assert.throws(() => decodeJpeg(bytes.subarray(0, length), "x.jpg"), isCorrupt, `${name} at ${length}`);
    }
  }
});

test("a restart mark out of turn, or one that is missing, is refused", () => {
  const bytes = fixture("color-420-restart.jpg");
  const mark = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xd0);
  const outOfTurn = bytes.slice();
  outOfTurn[mark + 1] = 0xd1;
  assert.throws(() => decodeJpeg(outOfTurn, "x.jpg"), isCorrupt);
  const missing = Uint8Array.of(...bytes.subarray(0, mark), ...bytes.subarray(mark + 2));
  assert.throws(() => decodeJpeg(missing, "x.jpg"), isCorrupt);
});

/** With two bytes of the header replaced. */
function withHeader(name: string, marker: number, place: number, values: readonly number[]): Uint8Array {
  const bytes = fixture(name);
  bytes.set(values, bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker) + place);
  return bytes;
}

test("a header that claims more than there can be is refused before memory is taken for it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const huge = withHeader("gray.jpg", 0xc0, 5, [0xff, 0xff, 0xff, 0xff]);
  assert.throws(() => decodeJpeg(huge, "x.jpg"), { code: "ERR_IMAGE_TOO_LARGE" });
  assert.throws(() => decodeJpeg(withHeader("gray.jpg", 0xc0, 5, [0x40, 0, 0x40, 0]), "x.jpg"), isCorrupt);
  assert.throws(() => decodeJpeg(withHeader("gray.jpg", 0xc0, 5, [0, 0]), "x.jpg"), isCorrupt);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 24);
});

test("a height that is not the picture's is refused: the blocks tell", () => {
  for (const height of [29, 45]) {
    assert.throws(() => decodeJpeg(withHeader("gray.jpg", 0xc0, 5, [0, height]), "x.jpg"), isCorrupt, `${height}`);
  }
});

test("arithmetic codes, lossless and 12 bits are other formats", () => {
  for (const [place, value] of [
    [1, 0xc9],
    [1, 0xc3],
    [4, 12],
  ] as const) {
    assert.throws(() => decodeJpeg(withHeader("gray.jpg", 0xc0, place, [value]), "x.jpg"), {
      code: "ERR_IMAGE_FORMAT",
    });
  }
});
