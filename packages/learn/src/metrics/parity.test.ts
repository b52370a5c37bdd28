/** Against MONAI, SciPy and scikit-image: fixtures/make-metrics.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Vec3 } from "@medssl/imaging";
import { clDice, skeletonOf } from "./centerline-dice.ts";
import { type ClassBox, classBox, TRUTH } from "./class-box.ts";
import { labelRegions } from "./label-regions.ts";
import { countLesions } from "./lesions.ts";
import { assd, hd95, nsd, surfaceDistances } from "./surface-distances.ts";

interface Reference {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spacing: readonly number[];
  readonly tolerance: number;
  /** Run lengths, background first. */
  readonly truth: readonly number[];
  readonly prediction: readonly number[];
  readonly skeleton: readonly number[];
  readonly dice: number;
  readonly iou: number;
  readonly sensitivity: number;
  readonly precision: number;
  readonly hd95: number;
  readonly assd: number;
  readonly nsd: number;
  readonly clDice: number;
  /** All, and those that touch the other mask. */
  readonly lesions: { readonly true: readonly [number, number]; readonly predicted: readonly [number, number] };
}

const references: readonly Reference[] = JSON.parse(
  readFileSync(new URL("fixtures/metrics.json", import.meta.url), "utf8"),
);

const maskOf = (runs: readonly number[]): Uint8Array =>
  Uint8Array.from(runs.flatMap((length, i) => new Array<number>(length).fill(i % 2)));

/** A picture is a volume of one slice. */
const volumeOf = (numbers: readonly number[], z: number): Vec3 => [z, ...numbers].slice(-3) as unknown as Vec3;

const close = (name: string, value: number | undefined, expected: number) =>
  assert.ok(Math.abs(value! - expected) <= 1e-5 * Math.max(1, expected), `${name}: ${value}, expected ${expected}`);

for (const reference of references) {
  test(`${reference.name}: the numbers of other programs`, () => {
    const [truth, prediction] = [maskOf(reference.truth), maskOf(reference.prediction)];
    const shape = volumeOf(reference.shape, 1);
    const region = labelRegions(truth, prediction, shape)(1);
    const { inTruth, inPrediction, inBoth } = region;
    close("dice", (2 * inBoth) / (inTruth + inPrediction), reference.dice);
    close("iou", inBoth / (inTruth + inPrediction - inBoth), reference.iou);
    close("sensitivity", inBoth / inTruth, reference.sensitivity);
    close("precision", inBoth / inPrediction, reference.precision);
    const box = classBox(truth, prediction, shape, region.box!, 1);
    const distances = surfaceDistances(box, volumeOf(reference.spacing, NaN))!;
    close("hd95", hd95(distances), reference.hd95);
    close("assd", assd(distances), reference.assd);
    close("nsd", nsd(distances, reference.tolerance), reference.nsd);
    const {
      true: [numLesions, numFoundLesions],
      predicted,
    } = reference.lesions;
    assert.deepEqual(countLesions(box), {
      numLesions,
      numFoundLesions,
      numPredictedLesions: predicted[0],
      numFalseLesions: predicted[0] - predicted[1],
    });
    assert.deepEqual(inside(box, skeletonOf(box, TRUTH)), boxed(maskOf(reference.skeleton), shape, region.box!));
    close("clDice", clDice(box), reference.clDice);
  });
}

/** Positions of a mask in the box, in the box's coordinates. */
function inside({ shape: [, height, width] }: ClassBox, mask: Uint8Array): number[][] {
  const found: number[][] = [];
  for (const [i, value] of mask.entries()) {
    if (value === 1) found.push([Math.floor(i / width / height), Math.floor(i / width) % height, i % width]);
  }
  return found;
}

/** The same of a mask in the whole volume. */
function boxed(mask: Uint8Array, [depth, height, width]: Vec3, { first }: { readonly first: Vec3 }): number[][] {
  const border = depth === 1 ? 0 : 1;
  const found: number[][] = [];
  for (const [i, value] of mask.entries()) {
    if (value === 0) continue;
    const place = [Math.floor(i / width / height), Math.floor(i / width) % height, i % width];
    found.push(place.map((at, axis) => at - first[axis]! + (axis === 0 ? border : 1)));
  }
  return found;
}
