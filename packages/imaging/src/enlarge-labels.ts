/**
 * Labels of a small picture on a larger one, with their borders where the network sees them: between the small one's pixels,
 * not in steps along them.
 *
 * Margins   how far each label is above the background at each pixel, such as its logit less that of the background; between
 *           pixels they are bilinear, and the greatest wins, if it is above 0: what `interpolate(margins).argmax` says.
 * Cleaned   where cleaning has changed a label, the pixels around go to the nearest label.
 * Cost      of one pass over the larger picture: only pixels between different labels are looked at one by one.
 */
import type { LabelImage } from "./image.ts";

export interface MarginedLabels {
  readonly width: number;
  readonly height: number;
  /** As they shall be, [height, width]. */
  readonly labels: Uint8Array;
  /** Before they were cleaned. */
  readonly found: Uint8Array;
  /** Of label 1, 2, ...: each [height, width]. */
  readonly margins: readonly Float32Array[];
}

/** @param width Not less than the small picture's, nor `height`. */
export function enlargeLabels(small: MarginedLabels, width: number, height: number): LabelImage {
  const { labels } = small;
  const data = new Uint8Array(width * height);
  const columns = cellsAlong(small.width, width);
  const rows = cellsAlong(small.height, height);
  for (const { first: top, second: bottom, from, end } of rows) {
    const start = from * width;
    const [upper, lower] = [top * small.width, bottom * small.width];
    const mixed: Cell[] = [];
    for (const column of columns) {
      const { first, second } = column;
      const label = labels[upper + first]!;
      const isOne =
        labels[upper + second] === label && labels[lower + first] === label && labels[lower + second] === label;
      if (!isOne) {
        mixed.push({ ...column, corners: [upper + first, upper + second, lower + first, lower + second] });
      } else if (label > 0) {
        for (let x = start + column.from; x < start + column.end; x++) data[x] = label;
      }
    }
    for (let y = from + 1; y < end; y++) data.copyWithin(y * width, start, start + width);
    for (const cell of mixed) {
      const fill = fillerOf(cell.corners, small);
      for (let y = from; y < end; y++) {
        const down = placeOf(y, small.height, height) - top;
        for (let x = cell.from; x < cell.end; x++) {
          data[y * width + x] = fill(placeOf(x, small.width, width) - cell.first, down);
        }
      }
    }
  }
  return { width, height, channels: 1, data };
}

/** Pixels of the larger picture whose centers lie between two of the small one's. */
interface Interval {
  readonly first: number;
  readonly second: number;
  readonly from: number;
  readonly end: number;
}

interface Cell extends Interval {
  /** Where in the small picture: upper left and right, lower left and right. */
  readonly corners: readonly [number, number, number, number];
}

/** Where the center of a pixel of the larger picture lies, in pixels of the small one; what is beyond the edge lies on it. */
const placeOf = (target: number, small: number, large: number): number =>
  Math.min(Math.max(((target + 0.5) * small) / large - 0.5, 0), small - 1);

function cellsAlong(small: number, large: number): Interval[] {
  const cells: Interval[] = [];
  for (let from = 0, end = 0; from < large; from = end) {
    const first = Math.floor(placeOf(from, small, large));
    while (end < large && Math.floor(placeOf(end, small, large)) === first) end++;
    cells.push({ first, second: Math.min(first + 1, small - 1), from, end });
  }
  return cells;
}

/** The label at a place between four pixels, 0-1 to the right and down. */
function fillerOf(
  corners: Cell["corners"],
  { labels, found, margins }: MarginedLabels,
): (right: number, down: number) => number {
  const [upperLeft, upperRight, lowerLeft, lowerRight] = corners;
  if (corners.some((corner) => labels[corner] !== found[corner])) {
    return (right, down) =>
      labels[down < 0.5 ? (right < 0.5 ? upperLeft : upperRight) : right < 0.5 ? lowerLeft : lowerRight]!;
  }
  return (right, down) => {
    let best = 0;
    let most = 0;
    // Of all labels: one that is second at every corner may be first between them.
    for (let i = 0; i < margins.length; i++) {
      const margin = margins[i]!;
      const upper = margin[upperLeft]! + (margin[upperRight]! - margin[upperLeft]!) * right;
      const lower = margin[lowerLeft]! + (margin[lowerRight]! - margin[lowerLeft]!) * right;
      const value = upper + (lower - upper) * down;
      if (value > most) {
        best = i + 1;
        most = value;
      }
    }
    return best;
  };
}
