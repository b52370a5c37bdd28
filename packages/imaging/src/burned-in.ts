/**
 * Writing that is burned into a picture: names, dates and hospitals at the border of an X-ray, an ultrasound picture or a
 * screen capture. It tells which pictures to look at, not what is written on them.
 *
 * What     A line of pixels through a row of letters goes up and down by much of the picture's range, many times in a
 *          short distance; the lines of one row of letters do so at the same place, and they are few. Light on dark or
 *          dark on light.
 * Where    in the outer 15 % of each side, written from left to right.
 * Missed   one or two letters, for the L or R of a film names nobody; writing that is less than 5 pixels high, faint, very
 *          large, upright along the side or across the middle; handwriting.
 * Cost     at most 512 lines of a picture are read, whatever its size.
 */

import type { Image, WholePixels } from "./image.ts";

/** Part of each side that is searched. */
const BORDER = 0.15;
const MAX_LINES = 512;
/** How far up or down counts, as a part of the range between the darkest and the brightest 1 %. */
const CONTRAST = 0.3;
/** Turns of up and down in a line through a row of letters: about three letters have as many. */
const MIN_TURNS = 10;
/** Longest way from one turn to the next, as a part of the short side, and in pixels at the least. */
const MAX_GAP = 0.025;
const MIN_GAP_PIXELS = 8;
/** Lines that a row of letters has at the least, and its largest height as a part of the picture's. */
const MIN_ROW_LINES = 4;
const MAX_ROW_HEIGHT = 0.08;

/** Whether the picture's border has what looks like a row of letters. Of a color image the green channel is judged. */
export function hasTextLikeBorder(image: Image<WholePixels>): boolean {
  const { width, height } = image;
  const contrast = CONTRAST * typicalRange(image);
  if (contrast === 0) return false;
  const maxGap = Math.max(MIN_GAP_PIXELS, Math.round(MAX_GAP * Math.min(width, height)));
  const step = Math.ceil(height / MAX_LINES);
  const maxRowLines = Math.max(MIN_ROW_LINES, Math.ceil((MAX_ROW_HEIGHT * height) / step));
  const isRow = ({ numLines }: Row) => numLines >= MIN_ROW_LINES && numLines <= maxRowLines;
  const sides = Math.round(BORDER * width);
  const ends = Math.round(BORDER * height);
  let rows: readonly Row[] = [];
  for (let y = 0; y < height; y += step) {
    const isEnd = y < ends || y >= height - ends;
    const found = isEnd
      ? turnClusters(image, y, 0, width, contrast, maxGap)
      : [
          ...turnClusters(image, y, 0, sides, contrast, maxGap),
          ...turnClusters(image, y, width - sides, width, contrast, maxGap),
        ];
    if (rows.some((row) => isRow(row) && !found.some((cluster) => overlap(row, cluster)))) return true;
    rows = found.map((cluster) => ({
      ...cluster,
      numLines: 1 + (rows.find((row) => overlap(row, cluster))?.numLines ?? 0),
    }));
  }
  return rows.some(isRow);
}

/** Part of a line, [from, until), that goes up and down often enough. */
interface Cluster {
  readonly from: number;
  readonly until: number;
}

/** Clusters of neighboring lines, one below the other. */
interface Row extends Cluster {
  readonly numLines: number;
}

const overlap = (a: Cluster, b: Cluster): boolean => a.from < b.until && b.from < a.until;

/** Follows a line from `from` to `until` and collects where its turns of more than `contrast` are close together. */
function turnClusters(
  { width, channels, data }: Image<WholePixels>,
  y: number,
  from: number,
  until: number,
  contrast: number,
  maxGap: number,
): Cluster[] {
  const clusters: Cluster[] = [];
  const offset = y * width * channels + (channels === 3 ? 1 : 0);
  let [start, last, numTurns] = [from, -Infinity, 0];
  let x = from;
  let extreme = data[offset + x * channels]!;
  for (let isRising = true; ; isRising = !isRising) {
    // To the turn: the highest, or lowest, value before one that differs from it by more than the contrast.
    let at = x;
    if (isRising) {
      for (let floor = extreme - contrast; x < until; x++) {
        const value = data[offset + x * channels]!;
        if (value < floor) break;
        if (value > extreme) [extreme, at, floor] = [value, x, value - contrast];
      }
    } else {
      for (let ceiling = extreme + contrast; x < until; x++) {
        const value = data[offset + x * channels]!;
        if (value > ceiling) break;
        if (value < extreme) [extreme, at, ceiling] = [value, x, value + contrast];
      }
    }
    if (x === until || at - last > maxGap) {
      if (numTurns >= MIN_TURNS) clusters.push({ from: start, until: last + 1 });
      if (x === until) return clusters;
      [start, numTurns] = [at, 0];
    }
    numTurns += 1;
    last = at;
    extreme = data[offset + x * channels]!;
  }
}

/** From the darkest to the brightest 1 % of a thousand pixels all over the picture. */
function typicalRange({ channels, data }: Image<WholePixels>): number {
  const numPixels = data.length / channels;
  const sample = new Int32Array(Math.min(1024, numPixels));
  for (let i = 0; i < sample.length; i++) {
    sample[i] = data[Math.floor((i * numPixels) / sample.length) * channels + (channels === 3 ? 1 : 0)]!;
  }
  sample.sort();
  const at = (share: number) => sample[Math.round(share * (sample.length - 1))]!;
  return at(0.99) - at(0.01);
}
