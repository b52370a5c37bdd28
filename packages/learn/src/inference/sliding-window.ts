/**
 * Overlapping tiles blended to a picture of any size, from top to bottom.
 *
 * Memory   rows of pixels are finished as soon as no further tile reaches them. What is added up is one tile high:
 *          [B, K + 1, tile, W], whatever the picture's height. Tiles go through the network a few at a time.
 * Flat     tiles that are one value throughout, as the air around a patient and a picture's black border are, all have the
 *          same probabilities: of the most frequent such value they are found once. The result is the same to the bit but
 *          for what libtorch's convolutions depend on the number of images: 3e-6 of a logit between one and several.
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
    const flat = findFlat(padded, tops, lefts, tile);
    const ofFlat = flat && scope(() => predict(windowAt(padded, flat.sample, tile)).select(0, 0));
    let sums: Sums | undefined;
    const bands = tops.map((top, i) => {
      const { rest, band } = scope(() => {
        const known = (image: number, left: number) =>
          flat?.places.has(placeName(image, top, left)) ? ofFlat : undefined;
        const added = addRow(predict, known, padded.slice(2, top, top + tile), lefts, weight, sums);
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

interface Place {
  readonly image: number;
  readonly top: number;
  readonly left: number;
}

const placeName = (image: number, top: number, left: number): string => `${image} ${top} ${left}`;

const windowAt = (images: Tensor, { image, top, left }: Place, tile: number): Tensor =>
  images
    .slice(0, image, image + 1)
    .slice(2, top, top + tile)
    .slice(3, left, left + tile);

/** Where tiles are flat, all of the same value, and one of them; undefined where there are not two. */
function findFlat(
  images: Tensor,
  tops: readonly number[],
  lefts: readonly number[],
  tile: number,
): { places: ReadonlySet<string>; sample: Place } | undefined {
  const byValue = new Map<string, Place[]>();
  for (const top of tops) {
    const [least, most] = scope(() => {
      const strip = images.slice(2, top, top + tile);
      return [strip.amin(2), strip.amax(2)].map((tensor) => tensor.to({ device: "cpu" }).toNested() as number[][][]);
    }) as [number[][][], number[][][]];
    for (const [image, channels] of least.entries()) {
      for (const left of lefts) {
        const isFlat = channels.every((columns, channel) =>
          columns
            .slice(left, left + tile)
            .every((value, i) => value === columns[left] && value === most[image]![channel]![left + i]),
        );
        if (!isFlat) continue;
        const value = channels.map((columns) => columns[left]).join();
        byValue.set(value, [...(byValue.get(value) ?? []), { image, top, left }]);
      }
    }
  }
  const [places = []] = [...byValue.values()].sort((a, b) => b.length - a.length);
  if (places.length < 2) return undefined;
  return {
    places: new Set(places.map(({ image, top, left }) => placeName(image, top, left))),
    sample: places[0]!,
  };
}

const addcmul_ = operator("aten::addcmul_");

/**
 * One row of tiles.
 *
 * @param known Probabilities [K + 1, tile, tile] of a tile that the network need not see.
 * @param strip [B, C, tile, W] @param before What earlier rows of tiles added to the strip's first pixels.
 * @returns Of the strip's height.
 */
function addRow(
  predict: (tiles: Tensor) => Tensor,
  known: (image: number, left: number) => Tensor | undefined,
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
      const found = some.map(({ image, left }) => known(image, left));
      const unknown = some.filter((_, i) => found[i] === undefined);
      const tiles = unknown.map(({ image, left }) => window(strip.slice(0, image, image + 1), left));
      const predicted = tiles.length === 0 ? [] : predict(cat(tiles)).unbind(0);
      const all = found.map((known) => known ?? predicted.shift()!);
      const sum = probabilities ?? fromAbove(before?.probabilities, strip.size(0), all[0]!.size(0));
      // In the order of the places, whatever is known: so sums are the same to the last bit.
      for (const [i, { image, left }] of some.entries()) {
        addcmul_(window(sum.select(0, image), left), all[i]!, weight, 1);
      }
      return sum;
    });
  }
  return { probabilities: probabilities!, weights };
}
