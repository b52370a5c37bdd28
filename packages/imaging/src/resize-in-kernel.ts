/**
 * Bicubic resizing with the kernel's inner loops (raster/kernel/resize.as): rows first, a band of them at a time, then columns.
 */
import { emptyLike } from "./channels.ts";
import { type Taps, tapsAlong } from "./geometry/taps.ts";
import type { Image, WholePixels } from "./image.ts";
import { Addresses, openKernel } from "./raster/kernel/kernel.ts";

export type Size = Pick<Image, "width" | "height">;

/** Source values that are in the kernel at once: few enough for a processor's cache. */
const BAND_VALUES = 2 ** 17;
/** Bytes of the vectors that the kernel works on. */
const VECTOR = 16;

/**
 * @param like Of the type that is wanted: the source's, or 8 bits where there is a table.
 * @param table What values of 16 bits become first.
 * @returns [to.height, to.width, channels]
 */
export function resizeInKernel<Pixels extends WholePixels>(
  { data, channels, ...from }: Image<WholePixels>,
  to: Size,
  like: Pixels,
  table?: Uint8Array,
): Pixels {
  const size = like.BYTES_PER_ELEMENT;
  const Floats = size === 1 ? Float32Array : Float64Array;
  const [sourceRow, targetRow] = [from.width * channels, to.width * channels];
  const numRows = Math.min(Math.max(Math.floor(BAND_VALUES / sourceRow), 1), from.height);
  const along = kernelTaps(from.width, to.width, VECTOR / Floats.BYTES_PER_ELEMENT);
  const down = kernelTaps(from.height, to.height, 1);

  const addresses = new Addresses();
  const take = (length: number, bytesEach: number) => addresses.take(length * bytesEach);
  const stored = take(numRows * sourceRow, data.BYTES_PER_ELEMENT);
  const band = table === undefined ? stored : take(numRows * sourceRow, size);
  const floats = addresses.take(from.width * Floats.BYTES_PER_ELEMENT + VECTOR);
  const narrow = take(from.height * targetRow, size);
  const resized = take(to.height * targetRow, size);
  const tableAt = addresses.take(table?.length ?? 0);
  const [alongAt, downAt] = [along, down].map(({ first, weights }) => ({
    first: addresses.take(first.byteLength),
    weights: take(weights.length, Floats.BYTES_PER_ELEMENT),
  })) as [TapAddresses, TapAddresses];
  const { bytes, ...kernel } = openKernel(addresses.numBytes);
  const write = ({ first, weights }: Taps, at: TapAddresses) => {
    new Int32Array(bytes.buffer, at.first).set(first);
    new Floats(bytes.buffer, at.weights).set(weights);
  };
  write(along, alongAt);
  write(down, downAt);
  if (table !== undefined) bytes.set(table, tableAt);

  const [resizeRows, resizeColumns] =
    like instanceof Uint8Array
      ? [kernel.resizeRows8, kernel.resizeColumns8]
      : like instanceof Int16Array
        ? [kernel.resizeRows16s, kernel.resizeColumns16s]
        : [kernel.resizeRows16, kernel.resizeColumns16];
  for (let y = 0; y < from.height; y += numRows) {
    const rows = Math.min(numRows, from.height - y);
    const values = data.subarray(y * sourceRow, (y + rows) * sourceRow);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), stored);
    if (table !== undefined) kernel.lookUp16(stored, band, values.length, tableAt);
    const taps = [alongAt.first, alongAt.weights, along.numTaps] as const;
    resizeRows(band, narrow + y * targetRow * size, rows, from.width, channels, to.width, ...taps, floats);
  }
  resizeColumns(narrow, resized, targetRow, to.height, downAt.first, downAt.weights, down.numTaps);
  const result = emptyLike(like, to.height * targetRow);
  new Uint8Array(result.buffer).set(bytes.subarray(resized, resized + result.byteLength));
  return result;
}

interface TapAddresses {
  readonly first: number;
  readonly weights: number;
}

/** @param multiple That the number of taps is brought to, by weights of 0. */
function kernelTaps(sourceSize: number, targetSize: number, multiple: number): Taps {
  const factor = sourceSize / targetSize;
  const taps = tapsAlong(sourceSize, targetSize, (factor - 1) / 2, factor, "cubic");
  const numTaps = Math.ceil(taps.numTaps / multiple) * multiple;
  const weights = new Float64Array(targetSize * numTaps);
  for (let target = 0; target < targetSize; target++) {
    weights.set(taps.weights.subarray(target * taps.numTaps, (target + 1) * taps.numTaps), target * numTaps);
  }
  return { ...taps, numTaps, weights };
}
