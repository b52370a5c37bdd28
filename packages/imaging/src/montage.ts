/**
 * Several 8-bit images as one picture, in rows.
 */
import type { Image } from "./image.ts";

/** Pixels between neighbours. */
const GAP = 4;

/**
 * Places images of one size side by side, row by row, on white.
 *
 * @param rows Each with as many images as the first.
 * @returns Three channels; grey images become grey colors.
 */
export function montage(rows: readonly (readonly Image<Uint8Array>[])[]): Image<Uint8Array> {
  const first = rows[0]![0]!;
  const columns = rows[0]!.length;
  const width = columns * first.width + (columns - 1) * GAP;
  const height = rows.length * first.height + (rows.length - 1) * GAP;
  const data = new Uint8Array(width * height * 3).fill(255);
  rows.forEach((row, r) => {
    row.forEach((image, c) => {
      const left = c * (first.width + GAP);
      const top = r * (first.height + GAP);
      for (let y = 0; y < image.height; y++) {
        for (let x = 0; x < image.width; x++) {
          const from = (y * image.width + x) * image.channels;
          const to = ((top + y) * width + left + x) * 3;
          for (let channel = 0; channel < 3; channel++) {
            data[to + channel] = image.data[from + (image.channels === 3 ? channel : 0)]!;
          }
        }
      }
    });
  });
  return { width, height, channels: 3, data };
}
