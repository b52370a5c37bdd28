/**
 * Colors as DICOM recommends them for display: CIELAB of the illuminant D50, each coordinate in 16 bits.
 *
 * Scale     L* of 0 to 100, a* and b* of -128 to 127, to 0 to 65535.
 * Source    PS3.3 C.10.7.1.1; IEC 61966-2-1 (sRGB); ISO 15076-1 (D50, Bradford's adaptation from D65).
 */

import type { Color } from "../overlay.ts";

/** From linear sRGB to XYZ of D50, one row each. */
const toXyz = [
  [0.4360747, 0.3850649, 0.1430804],
  [0.2225045, 0.7168786, 0.0606169],
  [0.0139322, 0.0971045, 0.7141733],
] as const;
const white = [0.96422, 1, 0.82521] as const;

/** @param color sRGB, 0 to 255. */
export function dicomLabOf(color: Color): readonly [l: number, a: number, b: number] {
  const linear = color.map((value) => toLinear(value / 255));
  const [x, y, z] = toXyz.map((row, i) => compressed(row.reduce((sum, w, j) => sum + w * linear[j]!, 0) / white[i]!));
  return [scaled((116 * y! - 16) / 100), scaled((500 * (x! - y!) + 128) / 255), scaled((200 * (y! - z!) + 128) / 255)];
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function compressed(share: number): number {
  return share > (6 / 29) ** 3 ? Math.cbrt(share) : share / (3 * (6 / 29) ** 2) + 4 / 29;
}

function scaled(share: number): number {
  return Math.round(Math.min(Math.max(share, 0), 1) * 65535);
}
