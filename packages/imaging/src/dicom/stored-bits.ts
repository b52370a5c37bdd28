/**
 * The bits of a stored value that count.
 *
 * Bits     those up to `highBit`, `numBits` of them; the highest of them is the sign of signed types. What lies above may be
 *          a retired overlay, or rubbish.
 * Source   PS3.5 section 8.1.1.
 */

import { Addresses, openKernel } from "../raster/kernel/kernel.ts";
import type { Samples } from "../scan.ts";

/** Values that are in the kernel at once: few enough for a processor's cache. */
const BAND_VALUES = 2 ** 16;

/** Whether an unsigned type's values are numbers of `numBits` as they stand, as most scanners write them. */
function hasZerosAbove(values: Samples, numBits: number, highBit: number): boolean {
  if (highBit !== numBits - 1) return false;
  let bits = 0;
  if (values instanceof Uint16Array) bits = bitsOf16(values);
  else for (let i = 0; i < values.length; i++) bits |= values[i]!;
  return numBits === 32 || bits >>> numBits === 0;
}

function bitsOf16(values: Uint16Array): number {
  const addresses = new Addresses();
  const band = addresses.take(2 * BAND_VALUES);
  const kernel = openKernel(addresses.numBytes);
  let bits = 0;
  for (let start = 0; start < values.length; start += BAND_VALUES) {
    const some = values.subarray(start, start + BAND_VALUES);
    kernel.bytes.set(new Uint8Array(some.buffer, some.byteOffset, some.byteLength), band);
    bits |= kernel.bitsOf16(band, some.length);
  }
  return bits;
}

/** The values themselves where nothing is in the bits that do not count, else a copy of the same type. */
export function stripUnusedBits<Values extends Samples>(values: Values, numBits: number, highBit: number): Values {
  if (numBits === 8 * values.BYTES_PER_ELEMENT) return values;
  const left = 31 - highBit;
  const right = 32 - numBits;
  const isSigned = values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array;
  if (!isSigned && hasZerosAbove(values, numBits, highBit)) return values;
  const result = new (values.constructor as Uint16ArrayConstructor)(values.length);
  if (isSigned) for (let i = 0; i < values.length; i++) result[i] = (values[i]! << left) >> right;
  else for (let i = 0; i < values.length; i++) result[i] = (values[i]! << left) >>> right;
  return result as unknown as Values;
}
