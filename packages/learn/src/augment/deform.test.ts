import assert from "node:assert/strict";
import { test } from "node:test";
import { finetuneSchema, parseRecipe } from "@medssl/contract";
import { full, manualSeed, scope, tensor, zeros } from "@medssl/torch";
import { centerOnStructures, cropImages, randomDisplacements } from "./crops.ts";
import { Draws } from "./draws.ts";
import { degrade } from "./intensity.ts";

const { augmentation } = parseRecipe(finetuneSchema, {});

test("crops are centred on a pixel of a structure, each class as likely, within the image", () => {
  manualSeed(0);
  scope(() => {
    const count = 400;
    const masks = zeros([count, 40, 40], { dtype: "uint8" });
    masks.slice(1, 5, 25).slice(2, 10, 30).fill_(1); // 400 pixels
    masks.slice(1, 30, 31).slice(2, 35, 36).fill_(3); // one pixel
    masks.slice(0, 0, 4).fill_(0); // four images without any
    const boxes = tensor([[0.5, 0.5, 0.7, 0.6]])
      .expand([count, 4])
      .contiguous();
    const moved = centerOnStructures(boxes, masks, [1, 2, 3], new Draws(count, "cpu")).toNested() as number[][];
    const centers = moved.map(([x0, y0, x1, y1]) => [20 * (x0! + x1!), 20 * (y0! + y1!)] as const);
    for (const [x0, y0, x1, y1] of moved) {
      assert.ok(x0! >= 0 && y0! >= 0 && x1! <= 1 + 1e-6 && y1! <= 1 + 1e-6);
      assert.ok(Math.abs(x1! - x0! - 0.2) < 1e-6 && Math.abs(y1! - y0! - 0.1) < 1e-6, "of the same size");
    }
    for (const box of moved.slice(0, 4)) assert.ok(Math.abs(box[0]! - 0.5) < 1e-6 && Math.abs(box[1]! - 0.5) < 1e-6);
    const structured = centers.slice(4);
    const rare = structured.filter(([x, y]) => Math.abs(x - 35.5) < 1e-3 && Math.abs(y - 30.5) < 1e-3);
    assert.ok(Math.abs(rare.length / structured.length - 0.5) < 0.1, `${rare.length} of ${structured.length}`);
    const common = structured.filter(([x, y]) => x >= 10 && x < 30 && y >= 5 && y < 25);
    assert.equal(rare.length + common.length, structured.length);
  });
});

test("image and mask are bent alike, smoothly, and no further than was said", () => {
  manualSeed(1);
  scope(() => {
    const draws = new Draws(2, "cpu");
    const bend = randomDisplacements(draws, 64, { ...augmentation, elastic: 0.05 })!;
    assert.deepEqual(bend.shape, [2, 64, 64, 2]);
    const largest = bend.abs().amax().item();
    assert.ok(largest > 0.02 && largest < 0.07, `${largest}`);
    const steps = bend
      .slice(1, 1)
      .sub(bend.slice(1, 0, 63))
      .abs()
      .amax()
      .item();
    assert.ok(steps < 0.01, `neighbours move alike: ${steps}`);
    // A picture whose values are its x coordinates shows where its pixels came from.
    const x = tensor(Array.from({ length: 64 }, (_, i) => (i + 0.5) / 64))
      .view([1, 1, 1, 64])
      .expand([2, 1, 64, 64]);
    const box = tensor([[0.25, 0.25, 0.75, 0.75]]).expand([2, 4]);
    const bent = cropImages(x.contiguous(), box, { size: 64, displacements: bend });
    const straight = cropImages(x.contiguous(), box, { size: 64 });
    const error = bent.sub(straight).squeeze(1).sub(bend.select(3, 0).mul(0.5)).abs().amax().item();
    assert.ok(error < 1e-5, `${error}`);
    assert.equal(randomDisplacements(draws, 64, augmentation), undefined);
  });
});

test("noise has the deviation that was drawn, blur keeps flat pictures and the mean", () => {
  manualSeed(2);
  scope(() => {
    const draws = new Draws(64, "cpu");
    const flat = full([64, 1, 32, 32], 0.5);
    const noisy = degrade(flat, draws, { noise: 0.2, blur: 0 });
    const deviations = noisy.flatten(1).variance([1]).sqrt().toNested() as number[];
    assert.ok(Math.max(...deviations) < 0.22 && Math.max(...deviations) > 0.17, `${Math.max(...deviations)}`);
    assert.ok(Math.abs(noisy.mean().item() - 0.5) < 0.005);
    assert.ok(degrade(flat, draws, { noise: 0, blur: 2 }).sub(flat).abs().amax().item() < 1e-5);
    const point = zeros([64, 1, 33, 33]);
    point.select(2, 16).select(2, 16).fill_(1);
    const blurred = degrade(point, draws, { noise: 0, blur: 2 });
    for (const sum of blurred.sum([1, 2, 3]).toNested() as number[]) assert.ok(Math.abs(sum - 1) < 1e-4);
    const peaks = blurred.amax([1, 2, 3]).toNested() as number[];
    // A Gaussian of deviation 2 has its peak at 1 / (8 pi); of nearly none at 1.
    assert.ok(Math.min(...peaks) > 0.9 / (8 * Math.PI) && Math.min(...peaks) < 0.06 && Math.max(...peaks) > 0.5);
    assert.equal(degrade(flat, draws, { noise: 0, blur: 0 }), flat);
  });
});

test("drawn normal numbers are normal", () => {
  manualSeed(3);
  scope(() => {
    const values = new Draws(4, "cpu").normal(50_000).flatten();
    assert.ok(Math.abs(values.mean().item()) < 0.01);
    assert.ok(Math.abs(values.variance().item() - 1) < 0.02);
    const beyond = values.abs().gt(1.959964).to({ dtype: "float32" }).mean().item();
    assert.ok(Math.abs(beyond - 0.05) < 0.003, `${beyond}`);
  });
});
