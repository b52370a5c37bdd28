import assert from "node:assert/strict";
import { test } from "node:test";
import { generatePhantom } from "@medssl/datasets";
import { fromTypedArray, scope, stack, tensor } from "@medssl/torch";
import { cropImages } from "../augment/crops.ts";
import { lungEnds, thoraxFrames } from "./thorax-frame.ts";

const SIZE = 96;
/** Phantoms that the templates are not made from. */
const phantoms = Array.from({ length: 8 }, (_, i) => generatePhantom("lungs", 5000 + i, { size: SIZE }));
const images = () => stack(phantoms.map(({ image }) => fromTypedArray(Float32Array.from(image), [1, SIZE, SIZE])));

/** The lungs' ends, in image sides. */
function trueBox(mask: Uint8Array): [number, number, number, number] {
  const inside = [...mask.keys()].filter((i) => mask[i]! > 0);
  const [xs, ys] = [inside.map((i) => i % SIZE), inside.map((i) => Math.floor(i / SIZE))];
  return [Math.min(...xs) / SIZE, Math.min(...ys) / SIZE, (Math.max(...xs) + 1) / SIZE, (Math.max(...ys) + 1) / SIZE];
}

/** Of each side, the deviation of the errors about their mean. */
function spread(found: readonly number[][], truth: readonly number[][]): number[] {
  return [0, 1, 2, 3].map((side) => {
    const errors = found.map((box, i) => box[side]! - truth[i]![side]!);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
  });
}

test("the lungs are found where they are: nearer than one box for all", () => {
  scope(() => {
    const truth = phantoms.map(({ mask }) => trueBox(mask));
    const [xs, ys] = [lungEnds(images(), "x"), lungEnds(images(), "y")].map((ends) => ends.toNested() as number[][]);
    const found = xs!.map(([x0, x1], i) => [x0!, ys![i]![0]!, x1!, ys![i]![1]!]);
    const fixed = truth.map(() => [0, 0, 0, 0]);
    const [own, usual] = [spread(found, truth), spread(fixed, truth)];
    for (const side of [0, 2])
      assert.ok(own[side]! < 0.6 * usual[side]!, `side ${side}: ${own[side]} of ${usual[side]}`);
    assert.ok(own[3]! < 0.8 * usual[3]!, `lower end: ${own[3]} of ${usual[3]}`);
  });
});

test("the frame moves with the field of view", () => {
  scope(() => {
    const whole = thoraxFrames(images(), 1);
    // A field of view that ends 8% farther left and 6% farther down.
    const shifted = thoraxFrames(
      cropImages(images(), tensor([[-0.08, 0.06, 0.92, 1.06]]).expand([8, 4]), { size: SIZE }),
      1,
    );
    const moved = shifted.sub(whole).mean([0]).toNested() as number[];
    for (const [side, expected] of [0.08, -0.06, 0.08, -0.06].entries()) {
      // Part of the way: what is usual counts too, above all from top to bottom.
      const share = moved[side]! / expected;
      assert.ok(share > (side % 2 === 0 ? 0.5 : 0.3) && share < 1.4, `side ${side}: ${moved[side]}`);
    }
  });
});

test("an image whose lungs lie where they usually do is about its own frame", () => {
  scope(() => {
    const mean = thoraxFrames(images(), 1).mean([0]).toNested() as number[];
    for (const [side, usual] of [0, 0, 1, 1].entries()) assert.ok(Math.abs(mean[side]! - usual) < 0.06, `${mean}`);
  });
});

test("what is no frontal X-ray is its own frame", () => {
  scope(() => {
    assert.deepEqual(thoraxFrames(images(), 0).select(0, 3).toNested(), [0, 0, 1, 1]);
    const mixed = thoraxFrames(images(), tensor([1, 0, 1, 0, 1, 0, 1, 0])).toNested() as number[][];
    assert.deepEqual(mixed[1], [0, 0, 1, 1]);
    assert.deepEqual(mixed[0], (thoraxFrames(images(), 1).toNested() as number[][])[0]);
  });
});
