import type { Image } from "./image.ts";
import type { Samples } from "./scan.ts";

/** What a color image becomes when one channel is wanted: its luminance (Rec. 601) or its green channel. */
export type Channel = "luma" | "green";

/**
 * Reduces an image to one channel; a grey image is returned as it is.
 *
 * Luminance is (299 R + 587 G + 114 B) / 1000, rounded. Green is what fundus photographs are read in: blood absorbs it
 * most, so vessels stand out there.
 */
export function selectChannel<Pixels extends Samples>(image: Image<Pixels>, channel: Channel): Image<Pixels> {
  if (image.channels === 1) return image;
  const { width, height, data } = image;
  const gray = emptyLike(data, width * height);
  for (let i = 0; i < gray.length; i++) {
    gray[i] =
      channel === "green"
        ? data[i * 3 + 1]!
        : Math.round((299 * data[i * 3]! + 587 * data[i * 3 + 1]! + 114 * data[i * 3 + 2]!) / 1000);
  }
  return { width, height, channels: 1, data: gray };
}

/** Zeros of the same type. */
export function emptyLike<Pixels extends Samples>(data: Pixels, length: number): Pixels {
  return new (data.constructor as new (length: number) => Pixels)(length);
}
