/**
 * What every raster format is decoded to: values as stored, and the colors they stand for where they are indices.
 *
 * Shapes    `data` is [depth, height, width, channels]: pages of a TIFF, frames of a GIF; all others have depth 1.
 * Depth     1, 2 and 4 bits are spread over 0..255, as the PNG standard and Pillow do. 8, 16 and 32 bits and floats
 *           are kept as they are.
 * Palette   of colors: the picture is its colors, a mask its indices, which is how label editors write classes. A palette
 *           of greys is not meant as indices: programs that shrink files put black and white into palettes in any order,
 *           so the greys count, for pictures and for masks.
 * Alpha     is dropped.
 * Errors    `ERR_MASK_COLOR`: colors have no order, so no label can be told from them.
 */

import { MedsslError } from "@medssl/contract";
import type { Samples, Scan, Vec3 } from "../scan.ts";

export interface Raster<Data extends Samples = Samples> {
  /** [depth, height, width] */
  readonly shape: Vec3;
  /** 1 grey or indices, 3 red-green-blue. */
  readonly channels: 1 | 3;
  readonly data: Data;
  /** Red, green and blue of each index, 8 bits. */
  readonly palette?: Uint8Array | undefined;
  /** What was left out: sentences for a report. */
  readonly warnings?: readonly string[] | undefined;
}

/** The picture as one sees it. 8 bits and colors are made for the eye; other numbers are on a scale of their own. */
export function scanOfRaster({ shape, channels, data, palette, warnings }: Raster): Scan {
  if (palette === undefined) {
    const isShown = data instanceof Uint8Array || (channels === 3 && data instanceof Uint16Array);
    return { shape, channels, data, meaning: isShown ? "shown" : "relative", warnings };
  }
  const isGray = !hasColors(palette);
  return { shape, channels: isGray ? 1 : 3, data: lookUp(data, palette, isGray ? 1 : 3), meaning: "shown", warnings };
}

/** One channel of mask values. A color picture whose three channels agree everywhere counts as grey. */
export function maskOfRaster(raster: Raster, name: string): Raster {
  const { shape, channels, data, palette } = raster;
  if (palette) return { shape, channels: 1, data: hasColors(palette) ? data : lookUp(data, palette, 1) };
  if (channels === 1) return raster;
  const gray = data.slice(0, data.length / 3);
  for (let i = 0; i < gray.length; i++) {
    gray[i] = data[i * 3]!;
    if (data[i * 3 + 1] !== gray[i] || data[i * 3 + 2] !== gray[i]) {
      throw new MedsslError("ERR_MASK_COLOR", `${name}: expected one value a pixel, got colors`, {
        hint: "Save masks as grey or palette PNG: 0 for background, 1, 2, ... for the labels.",
      });
    }
  }
  return { shape, channels: 1, data: gray };
}

function hasColors(palette: Uint8Array): boolean {
  return palette.some((value, i) => value !== palette[i - (i % 3)]);
}

/** Indices that the palette lacks are black. */
function lookUp(indices: Samples, palette: Uint8Array, channels: 1 | 3): Uint8Array {
  const data = new Uint8Array(indices.length * channels);
  for (let i = 0; i < indices.length; i++) {
    const color = indices[i]! * 3;
    for (let c = 0; c < channels; c++) data[i * channels + c] = palette[color + c] ?? 0;
  }
  return data;
}
