import type { Samples } from "./scan.ts";

/**
 * A decoded image: whole numbers in rows, with nothing of tensors.
 *
 * Shapes   `data` is [height, width, channels], channels interleaved.
 */
export interface Image<Pixels extends Samples = Uint8Array | Uint16Array> {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red-green-blue. */
  readonly channels: 1 | 3;
  readonly data: Pixels;
}

/** Grey values and Hounsfield units as they are stored and resized. */
export type WholePixels = Uint8Array | Uint16Array | Int16Array;

/** Label indices as an image: one channel, 0 is background. */
export type LabelImage = Image<Uint8Array>;
