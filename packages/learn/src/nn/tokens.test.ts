import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, scope, tensor } from "@medssl/torch";
import { sinCosPositions } from "./positions.ts";
import { patchify, takeTokens, unpatchify } from "./tokens.ts";

test("patches go row by row, their pixels as in a convolution's kernel, and come together again", () => {
  scope(() => {
    const images = arange(0, 24, { dtype: "float32" }).view([1, 1, 4, 6]);
    const patches = patchify(images, 2);
    assert.deepEqual(patches.toNested(), [
      [
        [0, 1, 6, 7],
        [2, 3, 8, 9],
        [4, 5, 10, 11],
        [12, 13, 18, 19],
        [14, 15, 20, 21],
        [16, 17, 22, 23],
      ],
    ]);
    assert.deepEqual(unpatchify(patches, 2, [2, 3]).toNested(), images.toNested());
    const colored = arange(0, 2 * 3 * 16, { dtype: "float32" }).view([2, 3, 4, 4]);
    assert.deepEqual(unpatchify(patchify(colored, 2), 2, [2, 2]).toNested(), colored.toNested());
  });
});

test("every sample's own tokens are taken, in the order asked for", () => {
  scope(() => {
    const tokens = tensor([
      [[0], [1], [2]],
      [[10], [11], [12]],
    ]);
    const taken = takeTokens(
      tokens,
      tensor(
        [
          [2, 0],
          [1, 1],
        ],
        { dtype: "int64" },
      ),
    );
    assert.deepEqual(taken.toNested(), [
      [[2], [0]],
      [[11], [11]],
    ]);
  });
});

test("positions tell the column first, then the row", () => {
  scope(() => {
    const table = (sinCosPositions([2, 3], 8, 1).toNested() as number[][][])[0]!;
    const expected = (column: number, row: number) =>
      [column, row].flatMap((place) => [
        Math.sin(place),
        Math.sin(place / 100),
        Math.cos(place),
        Math.cos(place / 100),
      ]);
    assert.deepEqual(table[0], new Array(8).fill(0));
    for (const [n, column, row] of [
      [1, 0, 0],
      [3, 2, 0],
      [5, 1, 1],
    ] as const) {
      expected(column, row).forEach((value, i) => {
        assert.ok(Math.abs(table[n]![i]! - value) < 1e-6, `token ${n}, value ${i}`);
      });
    }
  });
});
