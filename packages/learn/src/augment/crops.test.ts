import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { manualSeed, scope, type Tensor, tensor } from "@medssl/torch";
import { cropImages, mirrorAtRandom, randomBoxes } from "./crops.ts";
import { Draws } from "./draws.ts";
import { jitterIntensity } from "./intensity.ts";

const { augmentation } = parseRecipe(pretrainSchema, {});

/** [1, 1, 4, 4] of 0..15, row by row. */
const ramp = () => tensor(Array.from({ length: 16 }, (_, i) => i)).view([1, 1, 4, 4]);
const rounded = (crop: Tensor) =>
  (crop.view([crop.size(2), crop.size(3)]).toNested() as number[][]).map((row) =>
    row.map((v) => Math.round(v * 1e4) / 1e4),
  );

test("the whole image as a box is the image", () => {
  scope(() => {
    const crop = cropImages(ramp(), tensor([[0, 0, 1, 1]]), { size: 4 });
    assert.deepEqual(rounded(crop), [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
      [12, 13, 14, 15],
    ]);
  });
});

test("a quadrant is cut out where its box says: x to the right, y down", () => {
  scope(() => {
    assert.deepEqual(rounded(cropImages(ramp(), tensor([[0.5, 0, 1, 0.5]]), { size: 2 })), [
      [2, 3],
      [6, 7],
    ]);
    assert.deepEqual(rounded(cropImages(ramp(), tensor([[0, 0.5, 0.5, 1]]), { size: 2 })), [
      [8, 9],
      [12, 13],
    ]);
  });
});

test("a mirrored crop shows the same place from right to left", () => {
  scope(() => {
    assert.deepEqual(rounded(cropImages(ramp(), tensor([[1, 0, 0.5, 0.5]]), { size: 2 })), [
      [3, 2],
      [7, 6],
    ]);
  });
});

test("a crop turned by a right angle keeps its centre", () => {
  scope(() => {
    const angles = tensor([Math.PI / 2]);
    assert.deepEqual(rounded(cropImages(ramp(), tensor([[0, 0, 1, 1]]), { size: 4, angles })), [
      [3, 7, 11, 15],
      [2, 6, 10, 14],
      [1, 5, 9, 13],
      [0, 4, 8, 12],
    ]);
  });
});

test("random boxes lie inside the image and cover the share that was asked for", () => {
  manualSeed(1);
  scope(() => {
    const boxes = randomBoxes(new Draws(2000, "cpu"), augmentation).toNested() as [number, number, number, number][];
    const areas = boxes.map(([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0));
    assert.ok(boxes.flat().every((value) => value >= 0 && value <= 1 + 1e-6));
    assert.ok(Math.min(...areas) > 0.3 && Math.max(...areas) <= 1 + 1e-6);
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    assert.ok(Math.abs(mean - 0.67) < 0.02, `mean area ${mean}`);
  });
});

test("grey values are jittered image by image, and not at all with amounts of 0", () => {
  manualSeed(2);
  scope(() => {
    const images = tensor([0.2, 0.4, 0.6, 0.8, 0.2, 0.4, 0.6, 0.8]).view([2, 1, 2, 2]);
    const still = jitterIntensity(images, new Draws(2, "cpu"), {
      ...augmentation,
      gamma: 0,
      contrast: 0,
      brightness: 0,
    });
    assert.ok(still.sub(images).abs().amax().item() < 1e-6);
    const [first, second] = jitterIntensity(images, new Draws(2, "cpu"), augmentation).unbind(0) as [Tensor, Tensor];
    assert.ok(first.sub(second).abs().amax().item() > 0.01);
  });
});

test("boxes near others stay near them, and inside the image", () => {
  manualSeed(3);
  scope(() => {
    const config = { ...augmentation, areaMin: 0.05, areaMax: 0.08 };
    const draws = new Draws(500, "cpu");
    const first = randomBoxes(draws, config);
    const second = randomBoxes(draws, config, { boxes: first, distance: 0.06 });
    const center = (boxes: Tensor) => boxes.slice(1, 0, 2).add(boxes.slice(1, 2)).div(2);
    const apart = center(first).sub(center(second)).abs();
    // Boxes of up to 0.31 beside the border may have to move inwards by half the difference of their sides.
    assert.ok(apart.amax().item() < 0.06 + 0.05, `${apart.amax().item()}`);
    assert.ok(apart.mean().item() > 0.02);
    const anywhere = randomBoxes(draws, config, { boxes: first, distance: 1 });
    assert.ok(center(anywhere).sub(center(first)).abs().mean().item() > 0.2, "a distance of 1 leaves them free");
    assert.ok(second.amin().item() >= 0 && second.amax().item() <= 1 + 1e-6);
  });
});

test("half of the boxes that may be mirrored are, and show the same place", () => {
  manualSeed(4);
  scope(() => {
    const draws = new Draws(400, "cpu");
    const boxes = randomBoxes(draws, augmentation);
    const isFundus = tensor(Array.from({ length: 400 }, (_, i) => i % 2));
    const mirrored = mirrorAtRandom(boxes, draws, isFundus).toNested() as [number, number, number, number][];
    const before = boxes.toNested() as [number, number, number, number][];
    const turned = mirrored.flatMap(([x0, , x1], i) => (x0 > x1 ? [i] : []));
    assert.ok(turned.length > 70 && turned.length < 130, `${turned.length} of 200`);
    assert.ok(turned.every((i) => i % 2 === 1));
    for (const [i, [x0, y0, x1, y1]] of mirrored.entries()) {
      const sorted = [Math.min(x0, x1), y0, Math.max(x0, x1), y1];
      assert.ok(sorted.every((value, j) => Math.abs(value - before[i]![j]!) < 1e-6));
    }
  });
});

test("two that share a batch draw what one would have drawn for it", () => {
  scope(() => {
    const drawn = (count: number, share?: { index: number; of: number }) => {
      manualSeed(5);
      const draws = new Draws(count, "cpu", share);
      return [draws.unit(3).toNested(), draws.ofViews(2).between(-1, 1).toNested()] as [number[][], number[]];
    };
    const [whole, views] = drawn(4);
    const halves = [0, 1].map((index) => drawn(2, { index, of: 2 }));
    assert.deepEqual([...halves[0]![0], ...halves[1]![0]], whole);
    // First views of all samples, then the second ones.
    const [[a, b, c, d], [e, f, g, h]] = halves.map(([, values]) => values) as [number[], number[]];
    assert.deepEqual([a, b, e, f, c, d, g, h], views);
  });
});
