/**
 * Stored pixels to the numbers that a network was trained on.
 *
 * Way      stored values to 0-1, then less the mean and by the deviation; those of the training images, or each image's own.
 *          Pixels have 8 or 16 bits, so the way is walked once for each value, not for each pixel.
 * Equal    to `toUnit` and `standardize` of `learn`, rounded to 32 bits at the same places; an image's own mean is summed
 *          in 64 bits here.
 */
import type { SegmentationPlan } from "@medssl/contract";
import type { SliceBatch, SlicePixels } from "@medssl/imaging";

/** Deviation below which an image counts as blank, as in training: half a grey value. */
const BLANK = 1 / 512;

const round = Math.fround;

/** Standardised images. */
export interface Planes {
  /** [B, C, height, width] */
  readonly data: Float32Array;
  readonly numImages: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** What lies beyond an image's edge. */
  readonly outside: number;
}

export class Standardizer {
  readonly #statistics: SegmentationPlan["statistics"];
  /** Of each stored value, from `#first` on, as a share of the unit range. */
  readonly #units: Float32Array;
  readonly #first: number;
  readonly #values: Float32Array;

  constructor({ slices: { dtype }, unitRange: [low, high], statistics }: SegmentationPlan) {
    const isByte = dtype === "uint8";
    this.#statistics = statistics;
    this.#first = isByte ? 0 : -32768;
    this.#units = Float32Array.from({ length: isByte ? 256 : 65536 }, (_, i) => {
      const unit = round(round(i + this.#first - low) / round(high - low));
      return isByte ? unit : Math.min(Math.max(unit, 0), 1);
    });
    this.#values = this.#units.map((unit) => this.#standardized(unit));
  }

  apply({ slices, width, height }: SliceBatch): Planes {
    const size = width * height;
    const channels = slices[0]!.length;
    const data = new Float32Array(slices.length * channels * size);
    for (const [i, image] of slices.entries()) {
      const values = this.#statistics.isPerImage ? this.#ownValues(image) : this.#values;
      for (const [channel, pixels] of image.entries()) {
        lookUp(pixels, values, this.#first, data, (i * channels + channel) * size);
      }
    }
    // An image's own statistics are taken before it is put on black, those of training after that.
    const outside = this.#statistics.isPerImage ? 0 : this.#standardized(0);
    return { data, numImages: slices.length, channels, height, width, outside };
  }

  #standardized(unit: number): number {
    const { mean, std, limits } = this.#statistics;
    const value = limits === undefined ? unit : Math.min(Math.max(unit, limits[0]), limits[1]);
    return round(round(value - round(mean)) / round(std));
  }

  /** With the mean and the deviation of this image, over all of its channels. */
  #ownValues(channels: readonly SlicePixels[]): Float32Array {
    const counts = new Float64Array(this.#units.length);
    let size = 0;
    for (const pixels of channels) {
      for (let i = 0; i < pixels.length; i++) counts[pixels[i]! - this.#first]!++;
      size += pixels.length;
    }
    let [sum, squares] = [0, 0];
    for (let i = 0; i < counts.length; i++) sum += counts[i]! * this.#units[i]!;
    const mean = sum / size;
    for (let i = 0; i < counts.length; i++) squares += counts[i]! * (this.#units[i]! - mean) ** 2;
    const deviation = Math.max(Math.sqrt(squares / size), BLANK);
    return this.#units.map((unit) => (unit - mean) / deviation);
  }
}

function lookUp(pixels: SlicePixels, values: Float32Array, first: number, target: Float32Array, start: number): void {
  for (let i = 0; i < pixels.length; i++) target[start + i] = values[pixels[i]! - first]!;
}
