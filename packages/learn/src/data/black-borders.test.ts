import assert from "node:assert/strict";
import { test } from "node:test";
import { fromTypedArray } from "@medssl/torch";
import { arePicturesWithoutBorder } from "./black-borders.ts";
import type { ImageSet } from "./image-set.ts";

/** Pictures of 60 x 40 in a frame of 60 x 60, of which the first ones have a border beside the padding. */
function setOf(count: number, numBordered: number, kinds = ["xray"]): ImageSet {
  const image = (i: number) =>
    Float32Array.from({ length: 3600 }, (_, at) => {
      const [x, y] = [at % 60, Math.floor(at / 60)];
      const isInside = y >= 10 && y < 50 && (i >= numBordered || x >= 6);
      return isInside ? (40 + ((at * 7919) % 200)) / 255 : 0;
    });
  return {
    ...{ count, kinds, recipe: { width: 60, height: 60, fit: "pad" } },
    cases: Array.from({ length: count }, () => ({ width: 600, height: 400 })),
    images: ([i]: readonly number[]) => fromTypedArray(image(i!), [1, 1, 60, 60]),
  } as unknown as ImageSet;
}

test("pictures without borders; a few with them do not matter, more do; slices of patients in air are none", () => {
  assert.equal(arePicturesWithoutBorder(setOf(100, 0)), true);
  assert.equal(arePicturesWithoutBorder(setOf(100, 2)), true);
  assert.equal(arePicturesWithoutBorder(setOf(100, 3)), false);
  assert.equal(arePicturesWithoutBorder(setOf(3, 0, ["ct", "xray"])), false);
});
