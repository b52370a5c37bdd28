/**
 * Components of half the size to the size of the picture, row by row, as libjpeg does by default ("fancy upsampling").
 *
 * Method   a sample of the picture lies a quarter of the way from one sample of the component to the next: three parts of
 *          the nearer, one of the other, in each direction; rounded up and down by turns, so that nothing drifts. At the
 *          border the nearer alone. Other factors than 1 and 2 repeat the samples.
 */

import type { ComponentMemory } from "./picture-memory.ts";
import type { Frame } from "./segments.ts";

/** Samples of one row of the picture. */
export type RowReader = (y: number) => Uint8Array;

/** The result of a reader is overwritten by its next one. */
export function rowReader(bytes: Uint8Array, component: ComponentMemory, frame: Frame): RowReader {
  const { width, height, stride, plane } = component;
  const [timesAcross, timesDown] = [frame.across / component.across, frame.down / component.down];
  const rowAt = (row: number) => {
    const start = plane + Math.min(Math.max(row, 0), height - 1) * stride;
    return bytes.subarray(start, start + width);
  };
  if (timesAcross === 1 && timesDown === 1) return rowAt;
  const row = new Uint8Array(Math.max(frame.width, width * 2));
  const isDoubledAcross = timesAcross === 2 && width > 2;
  if (isDoubledAcross && timesDown === 1) return (y) => doubleAcross(rowAt(y), row);
  if (timesDown === 2 && (isDoubledAcross || timesAcross === 1)) {
    return (y) => {
      const near = rowAt(y >> 1);
      const far = rowAt((y >> 1) + (y & 1 ? 1 : -1));
      return isDoubledAcross ? doubleBoth(near, far, row) : betweenRows(near, far, y & 1 ? 2 : 1, row);
    };
  }
  return (y) => {
    const stored = rowAt(Math.floor(y / timesDown));
    for (let x = 0; x < frame.width; x++) row[x] = stored[Math.floor(x / timesAcross)]!;
    return row;
  };
}

function doubleAcross(stored: Uint8Array, row: Uint8Array): Uint8Array {
  const last = stored.length - 1;
  row[0] = stored[0]!;
  for (let i = 0; i < last; i++) {
    row[2 * i + 1] = (3 * stored[i]! + stored[i + 1]! + 2) >> 2;
    row[2 * i + 2] = (3 * stored[i + 1]! + stored[i]! + 1) >> 2;
  }
  row[2 * last + 1] = stored[last]!;
  return row;
}

function betweenRows(near: Uint8Array, far: Uint8Array, rounding: number, row: Uint8Array): Uint8Array {
  for (let i = 0; i < near.length; i++) row[i] = (3 * near[i]! + far[i]! + rounding) >> 2;
  return row;
}

function doubleBoth(near: Uint8Array, far: Uint8Array, row: Uint8Array): Uint8Array {
  const last = near.length - 1;
  let sum = 3 * near[0]! + far[0]!;
  row[0] = (4 * sum + 8) >> 4;
  for (let i = 0; i < last; i++) {
    const next = 3 * near[i + 1]! + far[i + 1]!;
    row[2 * i + 1] = (3 * sum + next + 7) >> 4;
    row[2 * i + 2] = (3 * next + sum + 8) >> 4;
    sum = next;
  }
  row[2 * last + 1] = (4 * sum + 7) >> 4;
  return row;
}
