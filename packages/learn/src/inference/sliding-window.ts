/**
 * Overlapping tiles blended to a picture of any size, from top to bottom.
 *
 * Memory   rows of pixels are finished as soon as no further tile reaches them. What is added up is one tile high:
 *          [B, K + 1, tile, W], whatever the picture's height. Tiles go through the network a few at a time.
 * Small    a picture smaller than a tile lies in its middle, on black, as crops beyond an image's edge do in training.
 */
import { gaussianWeights, tileStarts } from "@medssl/imaging";
import { cat, fromTypedArray, operator, scope, type Tensor, zeros } from "@medssl/torch";

/** Pixels that go through the network at once: few enough for a processor's cache, many enough to fill a GPU. */
const PIXELS_AT_ONCE = { cpu: 2 ** 16, cuda: 2 ** 20 } as const;

export interface WindowOptions {
  /** Side of a tile, in pixels. */
  readonly tile: number;
  /** Share of a tile that its neighbour covers as well. */
  readonly overlap: number;
}

/**
 * @param predict Tiles [n, C, tile, tile] to their probabilities [n, K + 1, tile, tile].
 * @param images [B, C, H, W]
 * @param finish Probabilities of some rows, [B, K + 1, rows, W], to what is wanted of them, [B, any, rows, W].
 * @returns [B, any, H, W]
 */
export function slideOver(
  predict: (tiles: Tensor) => Tensor,
  images: Tensor,
  { tile, overlap }: WindowOptions,
  finish: (probabilities: Tensor) => Tensor,
): Tensor {
  const [height, width] = [images.size(2), images.size(3)];
  const [above, left] = [height, width].map((length) => Math.floor(Math.max(tile - length, 0) / 2)) as [number, number];
  const [below, right] = [Math.max(tile - height, 0) - above, Math.max(tile - width, 0) - left];
  const tops = tileStarts(height, tile, overlap);
  const lefts = tileStarts(width, tile, overlap);
  return scope(() => {
    const padded = above + below + left + right > 0 ? images.pad([left, right, above, below]) : images;
    const weight = fromTypedArray(gaussianWeights(tile), [tile, tile]).to({ device: images.device });
    let sums: Sums | undefined;
    const bands = tops.map((top, i) => {
      const { rest, band } = scope(() => {
        const added = addRow(predict, padded.slice(2, top, top + tile), lefts, weight, sums);
        const next = tops[i + 1];
        const finished = rowsOf(added, 0, next === undefined ? tile : next - top);
        const band = finish(finished.probabilities.div(finished.weights));
        return { band, rest: next === undefined ? undefined : rowsOf(added, next - top, tile) };
      });
      sums = rest;
      return band;
    });
    const whole = bands.length === 1 ? bands[0]! : cat(bands, 2);
    return whole.slice(2, above, above + height).slice(3, left, left + width);
  });
}

/** Weighted probabilities [B, K + 1, rows, W] and weights [1, 1, rows, W], added up. */
interface Sums {
  readonly probabilities: Tensor;
  readonly weights: Tensor;
}

const rowsOf = ({ probabilities, weights }: Sums, from: number, to: number): Sums => ({
  probabilities: probabilities.slice(2, from, to),
  weights: weights.slice(2, from, to),
});

const addcmul_ = operator("aten::addcmul_");

/**
 * One row of tiles.
 *
 * @param strip [B, C, tile, W] @param before What earlier rows of tiles added to the strip's first pixels.
 * @returns Of the strip's height.
 */
function addRow(
  predict: (tiles: Tensor) => Tensor,
  strip: Tensor,
  lefts: readonly number[],
  weight: Tensor,
  before: Sums | undefined,
): Sums {
  const tile = strip.size(2);
  const width = strip.size(3);
  const window = (tensor: Tensor, left: number) => tensor.slice(-1, left, left + tile);
  const fromAbove = (sum: Tensor | undefined, batch: number, channels: number) => {
    const blank = zeros([batch, channels, tile - (sum?.size(2) ?? 0), width], { device: strip.device });
    return sum === undefined ? blank : cat([sum, blank], 2);
  };
  const weights = fromAbove(before?.weights, 1, 1);
  for (const left of lefts) scope(() => window(weights, left).add_(weight));
  const places = lefts.flatMap((left) => Array.from({ length: strip.size(0) }, (_, image) => ({ image, left })));
  const atOnce = Math.max(Math.floor(PIXELS_AT_ONCE[strip.device === "cpu" ? "cpu" : "cuda"] / tile ** 2), 1);
  let probabilities: Tensor | undefined;
  for (let start = 0; start < places.length; start += atOnce) {
    const some = places.slice(start, start + atOnce);
    probabilities = scope(() => {
      const tiles = cat(some.map(({ image, left }) => window(strip.slice(0, image, image + 1), left)));
      const predicted = predict(tiles);
      const sum = probabilities ?? fromAbove(before?.probabilities, strip.size(0), predicted.size(1));
      for (const [i, { image, left }] of some.entries()) {
        addcmul_(window(sum.select(0, image), left), predicted.select(0, i), weight, 1);
      }
      return sum;
    });
  }
  return { probabilities: probabilities!, weights };
}
