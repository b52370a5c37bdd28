import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, cat, manualSeed, randn, scope, stack, type Tensor } from "@medssl/torch";
import { cropImages } from "../augment/crops.ts";
import { cropLattice, embedLattice } from "./crop-lattice.ts";
import type { PlaceEncoder } from "./place-encoder.ts";
import { describeImage, findPlaces } from "./place-search.ts";

const GRID = [8, 8] as const;
const SIZE = 64;

/**
 * Tells what the middle of a patch shows, and, louder, where the patch is in its crop, as real tokens do. Images are of two
 * channels: the anatomy's own x and y.
 */
const encoder: PlaceEncoder = {
  gridSize: GRID,
  embed: (image, boxes) =>
    scope(() => {
      const crops = cropImages(image.expand([boxes.size(0), -1, -1, -1]), boxes, { size: GRID[0] });
      const anatomy = crops.flatten(2).transpose(1, 2); // [B, N, 2]
      const waves = cat([anatomy.mul(5), anatomy.mul(11)], 2);
      manualSeed(1);
      const position = randn([1, GRID[0] * GRID[1], 8]).expand([boxes.size(0), -1, -1]);
      const vectors = cat([waves.sin(), waves.cos(), position], 2);
      return vectors.div(vectors.norm(2, true));
    }),
};

/** An image in which the anatomy at (x, y) shows at (ax x + bx, ay y + by). */
function film(ax: number, bx: number, ay: number, by: number): Tensor {
  return scope(() => {
    const along = (scale: number, shift: number) => arange(0, SIZE).add(0.5).div(SIZE).sub(shift).div(scale);
    const x = along(ax, bx).unsqueeze(0).expand([SIZE, SIZE]);
    const y = along(ay, by).unsqueeze(1).expand([SIZE, SIZE]);
    return stack([x, y]).unsqueeze(0);
  });
}

test("a place is found to a fraction of a patch, wherever the other film shows it and however large", () => {
  scope(() => {
    const query = describeImage(encoder, film(1, 0, 1, 0));
    const places = [0.2, 0.5, 0.75].flatMap((x) => [0.25, 0.6].map((y) => ({ x, y })));
    for (const [ax, bx, ay, by] of [
      [1, 0, 1, 0],
      [1.15, -0.1, 0.9, 0.08],
      [0.85, 0.12, 1.1, -0.09],
    ] as const) {
      const found = findPlaces(encoder, query, film(ax, bx, ay, by), places, 1);
      for (const [i, { x, y }] of places.entries()) {
        const peak = found[i]!.peaks[0]!;
        const error = Math.hypot(peak.x - (ax * x + bx), peak.y - (ay * y + by));
        assert.ok(error < 0.01, `${x} ${y} in ${[ax, bx, ay, by]}: off by ${error}`);
        assert.ok(peak.similarity > 0.99);
      }
    }
  });
});

test("a lattice's crops are where its offsets and the alignment say", () => {
  scope(() => {
    const boxes: number[][] = [];
    const listening: PlaceEncoder = {
      gridSize: GRID,
      embed: (_, given) => {
        boxes.push(...(given.toNested() as number[][]));
        return given;
      },
    };
    const lattice = cropLattice(0.6, 0.2, 1);
    assert.equal(lattice.count, 5); // at -0.2, 0, 0.2, 0.4 and 0.6
    embedLattice(listening, film(1, 0, 1, 0), lattice, { x: { scale: 2, shift: 0.1 }, y: { scale: 1, shift: 0 } });
    const close = (box: number[], expected: number[]) =>
      assert.ok(
        box.every((side, i) => Math.abs(side - expected[i]!) < 1e-6),
        `${box}`,
      );
    close(boxes[0]!, [-0.3, -0.2, 0.9, 0.4]);
    close(boxes[1]!, [0.1, -0.2, 1.3, 0.4]);
    close(boxes[24]!, [1.3, 0.6, 2.5, 1.2]);
  });
});
