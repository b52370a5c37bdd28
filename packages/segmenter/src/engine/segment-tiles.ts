/**
 * Overlapping tiles of the network's size blended to pictures of any size, from top to bottom.
 *
 * Shapes   labels [B, height, width]; fractions [B, K, height, width], 0-255.
 * Memory   what is added up is one row of tiles: [B, K + 1, tile, width], whatever the picture's height.
 * Small    a picture smaller than a tile lies in its middle, on black.
 * Flat     tiles of one value are seen by the network once (flat-tiles.ts).
 * Equal    to `learn`'s `slideOver`: the same places and weights, added in the same order.
 */
import { gaussianWeights, type SliceLabels, tileStarts } from "@medssl/imaging";
import type { EngineOptions } from "./engine-options.ts";
import { FlatTiles, type Place } from "./flat-tiles.ts";
import type { Network } from "./network.ts";
import { addSoftmax, writeLabels } from "./probabilities.ts";
import type { Planes } from "./standardize.ts";
import { runView, VIEWS } from "./views.ts";

export async function segmentTiles(network: Network, images: Planes, options: EngineOptions): Promise<SliceLabels> {
  const { inputSize: tile, tileOverlap, numLabels, wishes } = options;
  const { numImages, height, width } = images;
  const padded = padTo(images, tile);
  const strip = new Strip(numImages, numLabels, tile, padded.width);
  const labels = new Uint8Array(numImages * height * width);
  const numValues = numImages * (numLabels - 1) * height * width;
  const fractions = wishes.fractions ? new Uint8Array(numValues) : undefined;
  const margins = wishes.margins ? new Float32Array(numValues) : undefined;
  const tops = tileStarts(padded.height, tile, tileOverlap);
  const lefts = tileStarts(padded.width, tile, tileOverlap);
  const predict = (places: readonly Place[]) => probabilitiesOf(network, padded, places, options);
  const flat = FlatTiles.find(padded, tops, lefts, tile);
  const ofFlat = flat && (await predict([flat.sample]));
  const atOnce = Math.max(Math.floor(network.pixelsAtOnce / tile ** 2), 1);
  const size = numLabels * tile ** 2;
  for (const [i, top] of tops.entries()) {
    for (const left of lefts) strip.addWeights(left);
    const places = lefts.flatMap((left) => Array.from({ length: numImages }, (_, image) => ({ image, top, left })));
    for (let start = 0; start < places.length; start += atOnce) {
      const some = places.slice(start, start + atOnce);
      const unknown = some.filter((place) => !flat?.has(place));
      const found = unknown.length > 0 ? await predict(unknown) : undefined;
      // In the order of the places, whatever is known: so sums are the same to the last bit.
      let next = 0;
      for (const place of some) {
        const isFlat = flat?.has(place) ?? false;
        strip.add(isFlat ? ofFlat! : found!, isFlat ? 0 : size * next++, place, VIEWS[options.flips].length);
      }
    }
    const numRows = (tops[i + 1] ?? top + tile) - top;
    for (let row = 0; row < numRows; row++) {
      const y = top + row - padded.above;
      if (y < 0 || y >= height) continue;
      for (let image = 0; image < numImages; image++) {
        const at = (image * height + y) * width;
        const from = strip.at(image, 0, row) + padded.left;
        writeLabels(strip.sums, from, numLabels, strip.size, width, labels, at);
        for (let label = 1; label < numLabels; label++) {
          const target = ((image * (numLabels - 1) + label - 1) * height + y) * width;
          const own = from + label * strip.size;
          if (fractions) strip.writeFractions(own, row, padded.left, width, fractions, target);
          if (margins) strip.writeMargins(own, from, row, padded.left, width, margins, target);
        }
      }
    }
    strip.moveUp(numRows);
  }
  return { labels, fractions, margins };
}

interface Padded extends Planes {
  readonly above: number;
  readonly left: number;
}

function padTo(images: Planes, tile: number): Padded {
  const { data, numImages, channels, height, width, outside } = images;
  if (height >= tile && width >= tile) return { ...images, above: 0, left: 0 };
  const [full, wide] = [Math.max(height, tile), Math.max(width, tile)];
  const [above, left] = [Math.floor((full - height) / 2), Math.floor((wide - width) / 2)];
  const result = new Float32Array(numImages * channels * full * wide).fill(outside);
  for (let plane = 0; plane < numImages * channels; plane++) {
    for (let y = 0; y < height; y++) {
      const source = (plane * height + y) * width;
      result.set(data.subarray(source, source + width), (plane * full + above + y) * wide + left);
    }
  }
  return { ...images, data: result, height: full, width: wide, above, left };
}

/** Weighted probabilities of one row of tiles, and the weights that were added up. */
class Strip {
  /** [B, K + 1, tile, width] */
  readonly sums: Float32Array;
  /** Values of a label of an image. */
  readonly size: number;
  readonly #weights: Float32Array;
  readonly #gaussian: Float32Array;
  readonly #numLabels: number;
  readonly #tile: number;
  readonly #width: number;

  constructor(numImages: number, numLabels: number, tile: number, width: number) {
    this.size = tile * width;
    this.sums = new Float32Array(numImages * numLabels * this.size);
    this.#weights = new Float32Array(this.size);
    this.#gaussian = gaussianWeights(tile);
    this.#numLabels = numLabels;
    this.#tile = tile;
    this.#width = width;
  }

  at(image: number, label: number, row: number): number {
    return (image * this.#numLabels + label) * this.size + row * this.#width;
  }

  addWeights(left: number): void {
    for (let y = 0; y < this.#tile; y++) {
      const [at, from] = [y * this.#width + left, y * this.#tile];
      for (let x = 0; x < this.#tile; x++) this.#weights[at + x]! += this.#gaussian[from + x]!;
    }
  }

  /** @param probabilities Of a tile [K + 1, tile, tile], from `start` on, `numViews` added up. */
  add(probabilities: Float32Array, start: number, { image, left }: Place, numViews: number): void {
    const { sums } = this;
    const gaussian = this.#gaussian;
    const tile = this.#tile;
    const share = 1 / numViews;
    for (let label = 0; label < this.#numLabels; label++) {
      for (let y = 0; y < tile; y++) {
        const at = this.at(image, label, y) + left;
        const weight = y * tile;
        const from = start + label * tile * tile + weight;
        for (let x = 0; x < tile; x++) sums[at + x]! += share * probabilities[from + x]! * gaussian[weight + x]!;
      }
    }
  }

  writeFractions(from: number, row: number, left: number, width: number, target: Uint8Array, at: number): void {
    const weights = row * this.#width + left;
    for (let x = 0; x < width; x++) target[at + x] = (this.sums[from + x]! / this.#weights[weights + x]!) * 255 + 0.5;
  }

  /** @param background Where its sums lie, as those of the label do at `from`. */
  writeMargins(
    from: number,
    background: number,
    row: number,
    left: number,
    width: number,
    target: Float32Array,
    at: number,
  ): void {
    const { sums } = this;
    const weights = row * this.#width + left;
    for (let x = 0; x < width; x++) {
      target[at + x] = (sums[from + x]! - sums[background + x]!) / this.#weights[weights + x]!;
    }
  }

  /** Forgets the first rows. */
  moveUp(numRows: number): void {
    const moved = numRows * this.#width;
    for (const values of [this.sums, this.#weights]) {
      for (let start = 0; start < values.length; start += this.size) {
        values.copyWithin(start, start + moved, start + this.size);
        values.fill(0, start + this.size - moved, start + this.size);
      }
    }
  }
}

/** Of the tiles there, those of all views added up: [n, K + 1, tile, tile]. */
async function probabilitiesOf(
  network: Network,
  images: Padded,
  places: readonly Place[],
  { inputSize: tile, numLabels, flips, pause }: EngineOptions,
): Promise<Float32Array> {
  const tiles = cutTiles(images, tile, places);
  const size = numLabels * tile ** 2;
  const sums = new Float32Array(places.length * size);
  for (const [i, view] of VIEWS[flips].entries()) {
    await pause();
    const logits = await runView(network, tiles, [places.length, images.channels, tile, tile], numLabels, view);
    for (let place = 0; place < places.length; place++) {
      addSoftmax(logits, place * size, numLabels, tile ** 2, sums, i === 0);
    }
  }
  return sums;
}

/** @returns [n, C, tile, tile] */
function cutTiles({ data, channels, height, width }: Padded, tile: number, places: readonly Place[]): Float32Array {
  const tiles = new Float32Array(places.length * channels * tile ** 2);
  let at = 0;
  for (const { image, top, left } of places) {
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < tile; y++, at += tile) {
        const source = ((image * channels + channel) * height + top + y) * width + left;
        tiles.set(data.subarray(source, source + tile), at);
      }
    }
  }
  return tiles;
}
