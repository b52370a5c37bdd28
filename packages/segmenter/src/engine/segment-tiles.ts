/**
 * Overlapping tiles of the network's size blended to pictures of any size, from top to bottom.
 *
 * Shapes   labels [B, height, width]; fractions [B, K, height, width], 0-255.
 * Memory   what is added up is one row of tiles: [B, K + 1, tile, width], whatever the picture's height.
 * Small    a picture smaller than a tile lies in its middle, on black.
 * Equal    to `learn`'s `slideOver`: the same places and weights, added in the same order.
 */
import { gaussianWeights, type SliceLabels, tileStarts } from "@medssl/imaging";
import type { EngineOptions } from "./engine-options.ts";
import type { Network } from "./network.ts";
import { addSoftmax, writeLabels } from "./probabilities.ts";
import type { Planes } from "./standardize.ts";
import { runView, VIEWS } from "./views.ts";

export async function segmentTiles(network: Network, images: Planes, options: EngineOptions): Promise<SliceLabels> {
  const { inputSize: tile, tileOverlap, numLabels, wantsFractions } = options;
  const { numImages, height, width } = images;
  const padded = padTo(images, tile);
  const strip = new Strip(numImages, numLabels, tile, padded.width);
  const labels = new Uint8Array(numImages * height * width);
  const fractions = new Uint8Array(wantsFractions ? numImages * (numLabels - 1) * height * width : 0);
  const tops = tileStarts(padded.height, tile, tileOverlap);
  const lefts = tileStarts(padded.width, tile, tileOverlap);
  for (const [i, top] of tops.entries()) {
    await addRow(network, padded, top, lefts, strip, options);
    const numRows = (tops[i + 1] ?? top + tile) - top;
    for (let row = 0; row < numRows; row++) {
      const y = top + row - padded.above;
      if (y < 0 || y >= height) continue;
      for (let image = 0; image < numImages; image++) {
        const at = (image * height + y) * width;
        const from = strip.at(image, 0, row) + padded.left;
        writeLabels(strip.sums, from, numLabels, strip.size, width, labels, at);
        if (!wantsFractions) continue;
        for (let label = 1; label < numLabels; label++) {
          const target = ((image * (numLabels - 1) + label - 1) * height + y) * width;
          strip.writeFractions(from + label * strip.size, row, padded.left, width, fractions, target);
        }
      }
    }
    strip.moveUp(numRows);
  }
  return wantsFractions ? { labels, fractions } : { labels };
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
  add(probabilities: Float32Array, start: number, image: number, left: number, numViews: number): void {
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

async function addRow(
  network: Network,
  images: Padded,
  top: number,
  lefts: readonly number[],
  strip: Strip,
  { inputSize: tile, numLabels, flips, pause }: EngineOptions,
): Promise<void> {
  for (const left of lefts) strip.addWeights(left);
  const { numImages, channels } = images;
  const places = lefts.flatMap((left) => Array.from({ length: numImages }, (_, image) => ({ image, left })));
  const atOnce = Math.max(Math.floor(network.pixelsAtOnce / tile ** 2), 1);
  const size = numLabels * tile ** 2;
  for (let start = 0; start < places.length; start += atOnce) {
    const some = places.slice(start, start + atOnce);
    const tiles = cutTiles(images, top, tile, some);
    const sums = new Float32Array(some.length * size);
    for (const [i, view] of VIEWS[flips].entries()) {
      await pause();
      const logits = await runView(network, tiles, [some.length, channels, tile, tile], numLabels, view);
      for (let place = 0; place < some.length; place++) {
        addSoftmax(logits, place * size, numLabels, tile ** 2, sums, i === 0);
      }
    }
    some.forEach(({ image, left }, i) => {
      strip.add(sums, i * size, image, left, VIEWS[flips].length);
    });
  }
}

/** @returns [n, C, tile, tile] */
function cutTiles(
  { data, channels, height, width }: Padded,
  top: number,
  tile: number,
  places: readonly { readonly image: number; readonly left: number }[],
): Float32Array {
  const tiles = new Float32Array(places.length * channels * tile ** 2);
  let at = 0;
  for (const { image, left } of places) {
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < tile; y++, at += tile) {
        const source = ((image * channels + channel) * height + top + y) * width + left;
        tiles.set(data.subarray(source, source + tile), at);
      }
    }
  }
  return tiles;
}
