/**
 * The bits of a stored value that count.
 *
 * Bits     those up to `highBit`, `numBits` of them; the highest of them is the sign of signed types. What lies above may be
 *          a retired overlay, or rubbish.
 * Source   PS3.5 section 8.1.1.
 */

import type { Samples } from "../scan.ts";

/** Whether an unsigned type's values are numbers of `numBits` as they stand, as most scanners write them. */
function hasZerosAbove(values: Samples, numBits: number, highBit: number): boolean {
  if (highBit !== numBits - 1) return false;
  let bits = 0;
  if (values.BYTES_PER_ELEMENT === 2 && values.byteOffset % 4 === 0) {
    // Two values at a time, four pairs in a turn.
    const pairs = new Uint32Array(values.buffer, values.byteOffset, values.length >> 1);
    const end = pairs.length - (pairs.length % 4);
    for (let i = 0; i < end; i += 4) bits |= pairs[i]! | pairs[i + 1]! | pairs[i + 2]! | pairs[i + 3]!;
    for (let i = end; i < pairs.length; i++) bits |= pairs[i]!;
    bits |= bits >>> 16;
    if (values.length % 2 === 1) bits |= values.at(-1)!;
    return (bits & 0xffff) >>> numBits === 0;
  }
  for (let i = 0; i < values.length; i++) bits |= values[i]!;
  return numBits === 32 || bits >>> numBits === 0;
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
