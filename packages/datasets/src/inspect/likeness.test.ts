import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeImage, encodeJpeg, fitImage, type Image, readImage, resizeImage, selectChannel } from "@medssl/imaging";
import { generatePhantom } from "../phantoms/phantom.ts";
import { mirror } from "./image-index.ts";
import {
  CELLS,
  cellMeans,
  differentBits,
  FINGERPRINT_WORDS,
  likeness,
  SAME_BITS,
  SAME_LIKENESS,
  writeFingerprint,
} from "./likeness.ts";

type Gray = Image<Uint8Array>;
const FRAME = { width: 320, height: 320, fit: "pad" } as const;

const map = (image: Gray, change: (value: number) => number): Gray => ({
  ...image,
  data: new Uint8Array(Uint8ClampedArray.from(image.data, change)),
});

function shift(image: Gray, right: number, down: number): Gray {
  const { width, height, data } = image;
  const at = (x: number, y: number) =>
    data[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)]!;
  return { ...image, data: data.map((_, i) => at((i % width) - right, Math.floor(i / width) - down)) };
}

/** What is done to copies of a picture on their way through archives. */
const COPIES: Readonly<Record<string, (image: Gray) => Gray | Promise<Gray>>> = {
  "saved again as JPEG": async (image) =>
    selectChannel((await decodeImage(await encodeJpeg(image, 30), "copy.jpg")) as Gray, "luma"),
  "of more contrast": (image) => map(image, (value) => (value - 128) * 1.3 + 140),
  "of another gamma": (image) => map(image, (value) => 255 * (value / 255) ** 1.5),
  "of another size": (image) => resizeImage(resizeImage(image, 200, 200), 320, 320),
  "moved by two pixels": (image) => shift(image, 2, -2),
};

const film = (seed: number): Gray => {
  const { image, width, height } = generatePhantom("lungs", seed, { size: 320 });
  return { width, height, channels: 1, data: image };
};

function bitsBetween(one: Gray, other: Gray): number {
  const fingerprints = new Uint32Array(2 * FINGERPRINT_WORDS);
  for (const [i, image] of [one, other].entries()) {
    const into = fingerprints.subarray(i * FINGERPRINT_WORDS, (i + 1) * FINGERPRINT_WORDS);
    writeFingerprint(cellMeans(image, CELLS, CELLS), into);
  }
  return differentBits(fingerprints, 0, 1);
}

const isSame = (one: Gray, other: Gray) =>
  bitsBetween(one, other) <= SAME_BITS && likeness(one, other) >= SAME_LIKENESS;

async function checkCopies(images: readonly Gray[]): Promise<void> {
  for (const [name, copy] of Object.entries(COPIES)) {
    for (const image of images) assert.ok(isSame(image, await copy(image)), name);
  }
}

function checkDifferent(images: readonly Gray[]): void {
  for (const [i, one] of images.entries()) {
    for (const other of images.slice(i + 1)) assert.ok(!isSame(one, other));
  }
}

test("a copy of a film is the same picture, another patient's film is not", async () => {
  const films = Array.from({ length: 12 }, (_, seed) => film(seed));
  await checkCopies(films.slice(0, 4));
  checkDifferent(films);
});

test("mirrored is not the same, but for the eye that mirrors it back", () => {
  const one = film(1);
  for (const turn of [1, 2, 3] as const) {
    const turned = { ...one, data: mirror(one.data, one.width, turn) };
    assert.ok(!isSame(one, turned));
    assert.deepEqual(mirror(turned.data, one.width, turn), one.data);
  }
  const turns = ([0, 1, 2, 3] as const).map((turn) => [...mirror(Uint8Array.of(1, 2, 3, 4), 2, turn)]);
  assert.deepEqual(turns, [
    [1, 2, 3, 4],
    [2, 1, 4, 3],
    [3, 4, 1, 2],
    [4, 3, 2, 1],
  ]);
});

const real = join(import.meta.dirname, "../../../../../shared/data/lungs-shenzhen/images");
test("real films: copies are the same, other patients are not", { skip: !existsSync(real) }, async () => {
  const names = readdirSync(real).sort().slice(0, 40);
  const films = await Promise.all(
    names.map(async (name) => fitImage(selectChannel(await readImage(join(real, name)), "luma") as Gray, FRAME)),
  );
  await checkCopies(films.slice(0, 8));
  checkDifferent(films);
});
