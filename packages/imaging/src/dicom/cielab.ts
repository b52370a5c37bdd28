/**
 * Colors as DICOM recommends them for display: CIELAB, each coordinate in 16 bits.
 *
 * White     sRGB's own, D65. The standard means D50; but the programs that read the values (dcmtk, and so dcmqi and Slicer;
 *           dcmjs, and so OHIF; highdicom) take D65, and show the color that was meant only so. Greys are the same in both.
 * Scale     L* of 0 to 100, a* and b* of -128 to 127, to 0 to 65535.
 * Source    PS3.3 C.10.7.1.1; IEC 61966-2-1 (sRGB); CIE 15.
 */

import type { Color } from "../overlay.ts";

/** From linear sRGB to XYZ, one row each; a row's sum is white. */
const toXyz = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
] as const;

/** @param color sRGB, 0 to 255. */
export function dicomLabOf(color: Color): readonly [l: number, a: number, b: number] {
  const linear = color.map((value) => toLinear(value / 255));
  const [x, y, z] = toXyz.map((row) => {
    const white = row[0] + row[1] + row[2];
    return compressed((row[0] * linear[0]! + row[1] * linear[1]! + row[2] * linear[2]!) / white);
  });
  const [l, a, b] = [116 * y! - 16, 500 * (x! - y!), 200 * (y! - z!)];
  return [scaled(l / 100), scaled((a + 128) / 255), scaled((b + 128) / 255)];
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** The cube root, but near black. */
function compressed(share: number): number {
  return share > (6 / 29) ** 3 ? Math.cbrt(share) : share / (3 * (6 / 29) ** 2) + 4 / 29;
}

function scaled(share: number): number {
  return Math.round(Math.min(Math.max(share, 0), 1) * 65535);
}
