/**
 * Makes packages/learn/src/data/thorax-profiles.json: how the profiles of a frontal X-ray look in the frame of the lungs, as
 * means over phantoms whose lungs are known. `node scripts/thorax-profiles.ts` (Node 24).
 */
import { writeFileSync } from "node:fs";
import { generatePhantom } from "@medssl/datasets";

const [PHANTOMS, SIZE, BINS, POINTS] = [400, 192, 64, 55];
// As in thorax-frame.ts.
const ROWS = [0.25, 0.6] as const;
const COLUMNS = [0.2, 0.8] as const;
const RANGE = [-0.15, 1.2] as const;

const sums = { x: new Array<number>(POINTS).fill(0), y: new Array<number>(POINTS).fill(0) };
const counts = { x: new Array<number>(POINTS).fill(0), y: new Array<number>(POINTS).fill(0) };
const usual = { x: [0, 0], y: [0, 0] };

for (let seed = 0; seed < PHANTOMS; seed++) {
  const { image, mask } = generatePhantom("lungs", seed, { size: SIZE });
  for (const axis of ["x", "y"] as const) {
    const profile = profileOf(image, axis);
    const [low, high] = extent(mask, axis);
    usual[axis] = [usual[axis][0]! + low / PHANTOMS, usual[axis][1]! + high / PHANTOMS];
    addTo(axis, profile, low, high);
  }
}
const template = (axis: "x" | "y") => sums[axis].map((sum, i) => Number((sum / counts[axis][i]!).toFixed(3)));
const ends = (axis: "x" | "y") => usual[axis].map((end) => Number(end.toFixed(3)));
const profiles = {
  x: { template: template("x"), usual: ends("x") },
  y: { template: template("y"), usual: ends("y") },
};
const path = new URL("../packages/learn/src/data/thorax-profiles.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(profiles)}\n`);

/** Means over the middle of the other axis: [BINS]. */
function profileOf(image: Uint8Array, axis: "x" | "y"): number[] {
  const [from, to] = (axis === "x" ? ROWS : COLUMNS).map((share) => Math.floor(share * BINS) / BINS) as [
    number,
    number,
  ];
  const sum = new Array<number>(BINS).fill(0);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const [along, across] = axis === "x" ? [x, y] : [y, x];
      if (across >= from * SIZE && across < to * SIZE) sum[Math.floor((along * BINS) / SIZE)]! += image[y * SIZE + x]!;
    }
  }
  return sum;
}

/** The lungs' ends along an axis, in image sides; a few pixels are no lung. */
function extent(mask: Uint8Array, axis: "x" | "y"): [low: number, high: number] {
  const counted = new Array<number>(SIZE).fill(0);
  for (const [i, label] of mask.entries()) {
    if (label > 0) counted[axis === "x" ? i % SIZE : Math.floor(i / SIZE)]!++;
  }
  return [counted.findIndex((n) => n > 2) / SIZE, (counted.findLastIndex((n) => n > 2) + 1) / SIZE];
}

function addTo(axis: "x" | "y", profile: readonly number[], low: number, high: number): void {
  const values = Array.from({ length: POINTS }, (_, i) => {
    const place = RANGE[0] + ((RANGE[1] - RANGE[0]) * i) / (POINTS - 1);
    const at = (low + place * (high - low)) * BINS - 0.5;
    const left = Math.floor(at);
    if (left < 0 || left + 1 >= BINS) return undefined;
    return profile[left]! + (at - left) * (profile[left + 1]! - profile[left]!);
  });
  const known = values.filter((value) => value !== undefined);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    sums[axis][i]! += (value - mean) / deviation;
    counts[axis][i]!++;
  }
}
