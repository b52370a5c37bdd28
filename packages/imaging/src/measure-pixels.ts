/**
 * Sums over the grey values of a picture, in the kernel (WebAssembly with SIMD).
 *
 * Shapes   pixels [height, width]; the grid's cells [rows, columns], of equal size but for a pixel.
 */

import { Addresses, openKernel } from "./raster/kernel/kernel.ts";

export interface PixelMeasures {
  readonly sum: number;
  readonly squareSum: number;
  readonly low: number;
  readonly high: number;
  /** Means of the grid's cells, [rows, columns]. */
  readonly cellMeans: Float64Array;
}

/** @param pixels At least as many columns and rows as the grid has. */
export function measurePixels(
  pixels: Uint8Array | Int16Array,
  [height, width]: readonly [height: number, width: number],
  [rows, columns]: readonly [rows: number, columns: number],
): PixelMeasures {
  const size = pixels.BYTES_PER_ELEMENT;
  const addresses = new Addresses();
  const from = addresses.take(pixels.byteLength);
  const totals = addresses.take(32);
  const edges = addresses.take(4 * (columns + 1));
  const cells = addresses.take(8 * rows * columns);
  const { bytes, ...kernel } = openKernel(addresses.numBytes);
  bytes.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength), from);
  const edgesOfColumns = new Uint32Array(bytes.buffer, edges, columns + 1);
  for (let column = 0; column <= columns; column++) edgesOfColumns[column] = Math.ceil((column * width) / columns);
  const sums = new Float64Array(bytes.buffer, cells, rows * columns).fill(0);
  kernel.sumCells(from, size, width, height, edges, columns, rows, cells);
  if (size === 1) kernel.measure8(from, pixels.length, totals);
  else kernel.measure16(from, pixels.length, totals);
  const [squareSum, low, high] = new Float64Array(bytes.buffer, totals, 3) as unknown as [number, number, number];
  const rowEdge = (row: number) => Math.ceil((row * height) / rows);
  const cellMeans = sums.map((sum, cell) => {
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const numPixels = (rowEdge(row + 1) - rowEdge(row)) * (edgesOfColumns[column + 1]! - edgesOfColumns[column]!);
    return sum / numPixels;
  });
  return { sum: sums.reduce((total, one) => total + one, 0), squareSum, low, high, cellMeans };
}
