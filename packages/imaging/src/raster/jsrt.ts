/**
 * The headerless pictures of the JSRT data base: `JPCLN001.IMG`, 2048 x 2048, two bytes a pixel, the high one first.
 *
 * Values    0..4095 as stored, where low means much light through the film: bright on the screen of this data base is
 *           dark elsewhere. They are not inverted here; the layout of the data set says so (`Reading.isInverted`).
 * Told by   its name's end and its size, since nothing in it says what it is; then every value has to fit 12 bits.
 * Source    Shiraishi et al., AJR 174:71 (2000), and the data base's own description.
 */

import type { Raster } from "./raster.ts";
import { corruptImage } from "./raster-error.ts";

const SIZE = 2048;
const TOP = 4095;

export function isJsrt(bytes: Uint8Array, name: string): boolean {
  return bytes.length === SIZE * SIZE * 2 && /\.img$/i.test(name);
}

export function decodeJsrt(bytes: Uint8Array, name: string): Raster<Uint16Array> {
  const data = new Uint16Array(SIZE * SIZE);
  for (let i = 0; i < data.length; i++) {
    data[i] = (bytes[2 * i]! << 8) | bytes[2 * i + 1]!;
    if (data[i]! > TOP) throw corruptImage(name, `a value of ${data[i]} where ${TOP} is the largest`);
  }
  return { shape: [1, SIZE, SIZE], channels: 1, data };
}
