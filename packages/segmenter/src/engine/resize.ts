/**
 * Changes of size of float images, equal to PyTorch's `interpolate(..., mode="bilinear", align_corners=False)`.
 *
 * Shapes   planes [P, H, W], one after the other.
 * Shrink   `resizeAntialiased` (`antialias=True`): a triangle as wide as the factor, so that no pixel is skipped.
 * Grow     `BilinearRows`: four neighbors, a row at a time, so that the logits of a whole picture are never in memory.
 * Source   ATen's `_upsample_bilinear2d_aa` and `upsample_bilinear2d`; pixel centers are at half-integers.
 */

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** @returns [P, to.height, to.width]; the input itself where the size is the same. */
export function resizeAntialiased(planes: Float32Array, from: Size, to: Size): Float32Array {
  const numPlanes = planes.length / (from.height * from.width);
  const narrow = from.width === to.width ? planes : shrinkRows(planes, from.width, to.width);
  if (from.height === to.height) return narrow;
  return shrinkColumns(narrow, numPlanes, to.width, from.height, to.height);
}

/** Which source pixels each target pixel is made of, and how much of each. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `most` for each target pixel. */
  readonly weights: Float32Array;
  readonly most: number;
}

function triangleTaps(sourceSize: number, targetSize: number): Taps {
  const scale = sourceSize / targetSize;
  const support = Math.max(scale, 1);
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(targetSize);
  const count = new Int32Array(targetSize);
  const weights = new Float32Array(targetSize * most);
  for (let target = 0; target < targetSize; target++) {
    const center = scale * (target + 0.5);
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), sourceSize);
    const weightOf = (source: number) => Math.max(1 - Math.abs(source - center + 0.5) / support, 0);
    let total = 0;
    for (let source = start; source < end; source++) total += weightOf(source);
    for (let source = start; source < end; source++) weights[target * most + source - start] = weightOf(source) / total;
    first[target] = start;
    count[target] = end - start;
  }
  return { first, count, weights, most };
}

function shrinkRows(rows: Float32Array, width: number, target: number): Float32Array {
  const { first, count, weights, most } = triangleTaps(width, target);
  const numRows = rows.length / width;
  const result = new Float32Array(numRows * target);
  for (let y = 0, at = 0; y < numRows; y++) {
    for (let x = 0; x < target; x++, at++) {
      const source = y * width + first[x]!;
      const end = count[x]!;
      let sum = 0;
      for (let tap = 0; tap < end; tap++) sum += weights[x * most + tap]! * rows[source + tap]!;
      result[at] = sum;
    }
  }
  return result;
}

function shrinkColumns(
  planes: Float32Array,
  numPlanes: number,
  width: number,
  height: number,
  target: number,
): Float32Array {
  const { first, count, weights, most } = triangleTaps(height, target);
  const result = new Float32Array(numPlanes * target * width);
  for (let plane = 0; plane < numPlanes; plane++) {
    for (let y = 0; y < target; y++) {
      const at = (plane * target + y) * width;
      for (let tap = 0; tap < count[y]!; tap++) {
        const weight = weights[y * most + tap]!;
        const source = (plane * height + first[y]! + tap) * width;
        for (let x = 0; x < width; x++) result[at + x]! += weight * planes[source + x]!;
      }
    }
  }
  return result;
}

/** Between which two source pixels each target pixel lies, and how far from the first. */
function neighborsOf(sourceSize: number, targetSize: number) {
  const scale = sourceSize / targetSize;
  const low = new Int32Array(targetSize);
  const high = new Int32Array(targetSize);
  const share = new Float32Array(targetSize);
  for (let target = 0; target < targetSize; target++) {
    const place = Math.max((target + 0.5) * scale - 0.5, 0);
    const below = Math.min(Math.floor(place), sourceSize - 1);
    low[target] = below;
    high[target] = Math.min(below + 1, sourceSize - 1);
    share[target] = place - below;
  }
  return { low, high, share };
}

/** Rows of planes at another size. */
export class BilinearRows {
  readonly #from: Size;
  readonly #columns: ReturnType<typeof neighborsOf>;
  readonly #rows: ReturnType<typeof neighborsOf>;
  readonly #isSameWidth: boolean;
  readonly #between: Float32Array;

  constructor(from: Size, to: Size) {
    this.#from = from;
    this.#columns = neighborsOf(from.width, to.width);
    this.#rows = neighborsOf(from.height, to.height);
    this.#isSameWidth = from.width === to.width;
    this.#between = new Float32Array(from.width);
  }

  /** Writes row `y` of the target size of plane `plane` to `target` from `at` on. */
  write(planes: Float32Array, plane: number, y: number, target: Float32Array, at: number): void {
    const { height, width } = this.#from;
    const upper = (plane * height + this.#rows.low[y]!) * width;
    const lower = (plane * height + this.#rows.high[y]!) * width;
    const shareBelow = this.#rows.share[y]!;
    const row = this.#between;
    for (let x = 0; x < width; x++) {
      row[x] = (1 - shareBelow) * planes[upper + x]! + shareBelow * planes[lower + x]!;
    }
    if (this.#isSameWidth) {
      target.set(row, at);
      return;
    }
    const { low, high, share } = this.#columns;
    for (let x = 0; x < low.length; x++) {
      target[at + x] = (1 - share[x]!) * row[low[x]!]! + share[x]! * row[high[x]!]!;
    }
  }
}
