import assert from "node:assert/strict";
import { test } from "node:test";
import { scope, type Tensor, tensor } from "@medssl/torch";
import type { ImagePlaces } from "../data/views.ts";
import { findPairs, placesOfView, poolRegions } from "./anatomical-places.ts";

/** Images of one patch each, at the given places of their frames. */
function pairs(points: readonly (readonly [number, number])[], places: Partial<ImagePlaces>, isSoft = false) {
  const count = points.length;
  const anatomy = tensor(points.map((point) => [point]));
  const all: ImagePlaces = {
    frames: tensor(points.map(() => [0, 0, 1, 1])),
    kinds: tensor(points.map(() => 0)),
    heights: tensor(points.map(() => [0, 0])),
    areAlike: places.kinds === undefined && places.heights === undefined,
    ...places,
  };
  const own = { centers: anatomy, anatomy, isPresent: undefined };
  const unit = tensor(points.map(() => [0.1, 0.1]));
  const rules = { unit, ignoreRadius: 2, otherImageDistance: 0.3, isSoft, offset: 0 };
  const found = findPairs(own, anatomy, all, { ...all, anatomy, isPresent: undefined }, rules);
  assert.deepEqual(found.isNegative.shape, [count, count]);
  return found;
}
const table = (tensor: Tensor | undefined) => tensor!.toNested() as number[][];

test("places of two kinds of images are not compared", () => {
  scope(() => {
    const points = [
      [0.1, 0.1],
      [0.9, 0.9],
      [0.9, 0.9],
    ] as const;
    const { isNegative } = pairs(points, { kinds: tensor([0, 1, 0]) });
    assert.deepEqual(table(isNegative), [
      [0, 0, 1],
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });
});

test("slices at different heights are different places, where their heights compare", () => {
  scope(() => {
    const here = [
      [0.5, 0.5],
      [0.5, 0.5],
      [0.5, 0.5],
      [0.5, 0.5],
    ] as const;
    // Two slices of one volume, far apart; one of another volume; one of which nobody knows the height.
    const heights = tensor([
      [4, 0],
      [4, 0.5],
      [5, 0.5],
      [-1, 0],
    ]);
    const { isNegative, nearness } = pairs(here, { heights }, true);
    assert.deepEqual(table(isNegative), [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    // None is known to be the same place of another image.
    assert.deepEqual(table(nearness), [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    const near = pairs(
      here.slice(0, 2),
      {
        heights: tensor([
          [4, 0],
          [4, 0.06],
        ]),
      },
      true,
    );
    assert.ok(Math.abs(table(near.nearness)[0]![1]! - 0.8) < 1e-6);
  });
});

test("near places of other images are the nearer the closer they are, an image's own are left to its views", () => {
  scope(() => {
    const { isNegative, nearness } = pairs(
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.65, 0.5],
        [0.85, 0.5],
      ],
      {},
      true,
    );
    const row = table(nearness)[0]!;
    for (const [i, expected] of [0, 1, 0.5, 0].entries()) assert.ok(Math.abs(row[i]! - expected) < 1e-5, `${row}`);
    assert.deepEqual(table(isNegative)[0], [0, 0, 0, 1]);
  });
});

test("places are counted in the thorax", () => {
  scope(() => {
    const view = { boxes: tensor([[0, 0, 1, 1]]), keepIndices: tensor([[0, 3]], { dtype: "int64" }) };
    const { centers, anatomy } = placesOfView(view, tensor([[0.25, 0.5, 0.75, 1]]), [2, 2]);
    assert.deepEqual(centers.toNested(), [
      [
        [0.25, 0.25],
        [0.75, 0.75],
      ],
    ]);
    assert.deepEqual(anatomy.toNested(), [
      [
        [0, -0.5],
        [1, 0.5],
      ],
    ]);
  });
});

test("a region is the mean of what lies in it; one that nothing lies in, or only padding, is not there", () => {
  scope(() => {
    const side = {
      embeddings: tensor([
        [
          [2, 0],
          [4, 0],
          [0, 6],
          [9, 9],
          [7, 7],
        ],
      ]),
      centers: tensor([
        [
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      ]),
      anatomy: tensor([
        [
          [0.1, 0.2],
          [0.3, 0.1],
          [0.9, 0.1],
          [1.2, 0.1],
          [0.1, 0.9],
        ],
      ]),
      isPresent: tensor([[1, 1, 1, 1, 0]], { dtype: "bool" }),
    };
    const regions = poolRegions(side, 2);
    assert.deepEqual(regions.embeddings.toNested(), [
      [
        [3, 0],
        [0, 6],
        [0, 0],
        [0, 0],
      ],
    ]);
    assert.deepEqual(regions.isPresent!.toNested(), [[1, 1, 0, 0]]);
    assert.deepEqual(regions.anatomy.toNested(), [
      [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ],
    ]);
  });
});
