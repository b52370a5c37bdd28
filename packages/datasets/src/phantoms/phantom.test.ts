import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  generatePhantom,
  numPhantomViews,
  type PhantomCase,
  type PhantomTask,
  phantomLabels,
  phantomTasks,
} from "./phantom.ts";

const seeds = [0, 1, 2, 3, 4, 5];
const made = new Map<string, PhantomCase>();

/** Each case is made once for all tests. */
function phantom(task: PhantomTask, seed: number, view = 0): PhantomCase {
  const key = `${task} ${seed} ${view}`;
  const found = made.get(key) ?? generatePhantom(task, seed, { view });
  made.set(key, found);
  return found;
}

function hash({ image, mask }: PhantomCase): string {
  return createHash("sha256").update(image).update(mask).digest("hex");
}

function area({ mask }: PhantomCase, label: number): number {
  return mask.filter((value) => value === label).length / mask.length;
}

/** Mean of the pixels that `isIn` holds for; of color images, the green channel. */
function meanOf(
  { image, channels, mask, width }: PhantomCase,
  isIn: (label: number, x: number, y: number) => boolean,
): number {
  let [sum, count] = [0, 0];
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (!isIn(mask[pixel]!, pixel % width, Math.floor(pixel / width))) continue;
    sum += image[pixel * channels + (channels === 3 ? 1 : 0)]!;
    count++;
  }
  return sum / count;
}

/** Connected areas (8 neighbors) of the pixels that `isIn` holds for, each as a list of pixels. */
function components({ mask, width }: PhantomCase, isIn: (label: number) => boolean): number[][] {
  const open = new Set<number>();
  for (let pixel = 0; pixel < mask.length; pixel++) if (isIn(mask[pixel]!)) open.add(pixel);
  const result: number[][] = [];
  for (const start of open) {
    const component = [start];
    open.delete(start);
    for (const pixel of component) {
      for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
        if (open.delete(pixel + step)) component.push(pixel + step);
      }
    }
    result.push(component);
  }
  return result;
}

for (const task of phantomTasks) {
  test(`${task}: the seed alone decides, and patients differ`, () => {
    const first = hash(phantom(task, 0));
    const others = seeds.slice(1).map((seed) => hash(phantom(task, seed)));
    assert.equal(hash(generatePhantom(task, 0)), first);
    assert.equal(new Set([first, ...others]).size, seeds.length);
    assert.notEqual(phantom(task, 0).patient, phantom(task, 1).patient);
  });

  test(`${task}: the views of a patient are different pictures of one patient`, () => {
    const seed = seeds.find((one) => numPhantomViews(task, one) > 1);
    assert.equal(seed === undefined, task === "lungs");
    if (seed === undefined) return;
    assert.notEqual(hash(phantom(task, seed, 0)), hash(phantom(task, seed, 1)));
    assert.equal(phantom(task, seed, 0).patient, phantom(task, seed, 1).patient);
  });

  test(`${task}: masks hold the task's labels and nothing else; images use the grey scale`, () => {
    const values = new Set(seeds.flatMap((seed) => [...new Set(phantom(task, seed).mask)]));
    assert.deepEqual([...values].sort(), [0, ...phantomLabels(task).map(({ value }) => value)]);
    for (const seed of seeds) {
      const { image, mask, channels } = phantom(task, seed);
      assert.equal(image.length, 256 * 256 * channels);
      assert.equal(mask.length, 256 * 256);
      assert.ok(new Set(image).size > 100);
    }
  });
}

test("a size is a scale: the same patient has the same proportions", () => {
  for (const task of phantomTasks) {
    const small = generatePhantom(task, 1, { size: 96 });
    assert.equal(small.mask.length, 96 * 96);
    // Vessels are drawn at least a pixel wide, so that they take more of a small picture.
    const tolerance = task === "vessels" ? 0.1 : 0.03;
    assert.ok(Math.abs(area(small, 1) - area(phantom(task, 1), 1)) < tolerance, task);
  }
});

test("lungs: two fields of plausible size, darker than what lies between and around them", () => {
  for (const seed of seeds) {
    const picture = phantom("lungs", seed);
    const lungs = components(picture, (label) => label === 1).filter(({ length }) => length > 50);
    assert.equal(lungs.length, 2, `seed ${seed}`);
    for (const lung of lungs) {
      const share = lung.length / picture.mask.length;
      assert.ok(share > 0.04 && share < 0.25, `seed ${seed}: ${share}`);
    }
    const columns = lungs.map((lung) => lung.map((pixel) => pixel % 256));
    const [right, left] = columns.map((xs) => xs.reduce((sum, x) => sum + x, 0) / xs.length).sort((a, b) => a - b);
    const rows = lungs.flat().map((pixel) => Math.floor(pixel / 256));
    const [top, bottom] = [Math.min(...rows), Math.max(...rows)];
    const inside = meanOf(picture, (label) => label === 1);
    const between = meanOf(picture, (label, x, y) => label === 0 && x > right! && x < left! && y > top && y < bottom);
    assert.ok(inside < between - 25, `seed ${seed}: ${inside} in the lungs, ${between} between them`);
  }
});

test("cardiac: four chambers in every slice, the left ventricle bright with contrast medium", () => {
  for (const seed of seeds) {
    for (let view = 0; view < numPhantomViews("cardiac", seed); view++) {
      const picture = phantom("cardiac", seed, view);
      for (const { value, name } of picture.labels) {
        const share = area(picture, value);
        assert.ok(share > 0.001 && share < 0.09, `seed ${seed} view ${view}: ${name} takes ${share}`);
      }
    }
    const picture = phantom("cardiac", seed);
    const ventricle = meanOf(picture, (label) => label === 1);
    const all = meanOf(picture, () => true);
    assert.ok(ventricle > all + 50, `seed ${seed}`);
  }
});

test("liver: up to four tumors, in the liver or at its edge, of another brightness", () => {
  const counts = new Set<number>();
  for (let seed = 0; seed < 14; seed++) {
    const picture = phantom("liver", seed);
    const share = area(picture, 1) + area(picture, 2);
    assert.ok(share > 0.03 && share < 0.3, `seed ${seed}: liver takes ${share}`);
    // A tumor that the edge of the liver cuts may fall into crumbs.
    const tumors = components(picture, (label) => label === 2).filter(({ length }) => length > 6);
    counts.add(tumors.length);
    assert.ok(tumors.length <= 4);
    for (const tumor of tumors) {
      const rim = tumor.flatMap((pixel) => [-256, -1, 1, 256].map((step) => picture.mask[pixel + step]!));
      const outside = rim.filter((label) => label === 0).length / rim.filter((label) => label !== 2).length;
      assert.ok(outside < 0.6, `seed ${seed}: ${outside} of a tumor's rim is not liver`);
    }
    if (area(picture, 2) < 0.002) continue;
    const contrast = meanOf(picture, (label) => label === 2) - meanOf(picture, (label) => label === 1);
    assert.ok(Math.abs(contrast) > 5, `seed ${seed}: ${contrast}`);
  }
  assert.ok(counts.has(0) && counts.size >= 3, `${[...counts]}`);
});

test("vessels: a tree from the disc, darker in green than the ground beside it", () => {
  for (const seed of seeds) {
    const picture = phantom("vessels", seed);
    const share = area(picture, 1);
    assert.ok(share > 0.03 && share < 0.2, `seed ${seed}: ${share}`);
    const trees = components(picture, (label) => label === 1).sort((a, b) => b.length - a.length);
    const total = trees.reduce((sum, { length }) => sum + length, 0);
    assert.ok(trees[0]!.length > 0.95 * total, `seed ${seed}: ${trees[0]!.length} of ${total} hang together`);
    const beside = new Set(trees[0]!.flatMap((pixel) => [-3, 3, -768, 768].map((step) => pixel + step)));
    const ground = meanOf(picture, (label, x, y) => label === 0 && beside.has(y * 256 + x));
    assert.ok(meanOf(picture, (label) => label === 1) < ground - 5, `seed ${seed}`);
  }
});
