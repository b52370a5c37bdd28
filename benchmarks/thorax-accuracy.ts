/**
 * How well the lungs' ends are found in frontal X-rays with lung masks: `node scripts/node24.mjs benchmarks/thorax-accuracy.ts STORE`.
 *
 * Prints, for each side, the deviation of the true ends (what one box for all leaves) and of the errors about their mean, in
 * image sides. A constant offset does no harm: places are compared between images.
 */
import { openStore, readCase, type Store } from "@medssl/datasets";
import { lungEnds } from "@medssl/learn";
import { fromTypedArray, scope } from "@medssl/torch";

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error("expected a store of X-rays with lung masks");
const rows = endsOf(openStore(dir));
const sides = ["left", "top", "right", "bottom"] as const;
console.table(
  sides.map((side, i) => ({
    side,
    images: rows.length,
    "one box": deviation(rows.map(({ truth }) => truth[i]!)),
    found: deviation(rows.map(({ truth, found }) => found[i]! - truth[i]!)),
  })),
);

interface Ends {
  /** Left, top, right, bottom, in image sides. */
  readonly truth: readonly number[];
  readonly found: readonly number[];
}

function endsOf(store: Store): Ends[] {
  return store.cases
    .filter(({ hasMask }) => hasMask)
    .map((one) => {
      const { image, labels } = readCase(store, one);
      const { width, height } = image;
      const gray = fromTypedArray(Float32Array.from(image.data), [1, 1, height, width]);
      const [x, y] = (["x", "y"] as const).map((axis) =>
        scope(() => lungEnds(gray, axis).flatten().toNested() as [number, number]),
      ) as [[number, number], [number, number]];
      const [columns, lines] = [new Uint32Array(width), new Uint32Array(height)];
      for (const [i, label] of labels!.data.entries()) {
        if (label === 0) continue;
        columns[i % width]!++;
        lines[Math.floor(i / width)]!++;
      }
      const [trueX, trueY] = [extent(columns), extent(lines)];
      gray.dispose();
      return { truth: [trueX[0], trueY[0], trueX[1], trueY[1]], found: [x[0], y[0], x[1], y[1]] };
    });
}

/** First and last line with more than a few pixels of lung, as shares. */
function extent(counts: Uint32Array): [low: number, high: number] {
  const isLung = (count: number) => count > 2;
  return [counts.findIndex(isLung) / counts.length, (counts.findLastIndex(isLung) + 1) / counts.length];
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Number(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length).toFixed(3));
}
