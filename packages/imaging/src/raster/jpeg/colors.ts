/**
 * Rows of a JPEG's components to red, green and blue, to the bit as libjpeg and Pillow have it.
 *
 * Spaces   three components are luma and chroma (Rec. 601, full range) unless the file says RGB; four are inks, as Adobe
 *          stores them: inverted, and with their first three as luma and chroma where it says so.
 * Inks     a color is what they leave of the white, (255 - ink) (255 - black) / 255: no profile is applied.
 */

import type { Frame } from "./segments.ts";

export type ColorSpace = "rgb" | "luma-chroma" | "inks" | "luma-chroma-inks";

/** @param transform Adobe's word for it: 0 none, 1 three, 2 four components; undefined where the file has none. */
export function colorSpaceOf({ components }: Frame, isJfif: boolean, transform: number | undefined): ColorSpace {
  if (components.length === 4) return transform === 2 ? "luma-chroma-inks" : "inks";
  if (isJfif) return "luma-chroma";
  if (transform !== undefined) return transform === 0 ? "rgb" : "luma-chroma";
  return String.fromCharCode(...components.map(({ id }) => id)) === "RGB" ? "rgb" : "luma-chroma";
}

const SCALE = 65536;
const HALF = SCALE / 2;
const fixed = (factor: number) => Math.floor(factor * SCALE + 0.5);
const table = (term: (chroma: number) => number) => Int32Array.from({ length: 256 }, (_, value) => term(value - 128));
const RED = table((red) => (fixed(1.402) * red + HALF) >> 16);
const BLUE = table((blue) => (fixed(1.772) * blue + HALF) >> 16);
const GREEN_OF_BLUE = table((blue) => -fixed(0.34414) * blue);
const GREEN_OF_RED = table((red) => -fixed(0.71414) * red + HALF);

/** @param row Of three or four components. @param out Pixels of the row, three bytes each. */
export function writeColors(space: ColorSpace, row: readonly Uint8Array[], out: Uint8ClampedArray): void {
  const [first, second, third, black] = row as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (let x = 0, to = 0; to < out.length; x++, to += 3) {
    let [r, g, b] = [first[x]!, second[x]!, third[x]!];
    if (space === "luma-chroma" || space === "luma-chroma-inks") {
      const luma = r;
      r = luma + RED[b]!;
      const green = luma + ((GREEN_OF_BLUE[g]! + GREEN_OF_RED[b]!) >> 16);
      b = luma + BLUE[g]!;
      g = green;
    }
    out[to] = r;
    out[to + 1] = g;
    out[to + 2] = b;
    if (space === "luma-chroma-inks") for (let c = 0; c < 3; c++) out[to + c] = 255 - out[to + c]!;
    if (black) leaveWhite(out, to, black[x]!);
  }
}

/** Stored inverted, so that `black` is what black leaves, and the rest what the other inks leave. */
function leaveWhite(out: Uint8ClampedArray, to: number, black: number): void {
  for (let c = 0; c < 3; c++) {
    const product = black * (255 - out[to + c]!) + 128;
    out[to + c] = black - (((product >> 8) + product) >> 8);
  }
}
