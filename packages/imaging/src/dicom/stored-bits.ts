/**
 * The bits of a stored value that count.
 *
 * Bits     those up to `highBit`, `numBits` of them; the highest of them is the sign of signed types. What lies above may be
 *          a retired overlay, or rubbish.
 * Source   PS3.5 section 8.1.1.
 */

import type { Samples } from "../scan.ts";

/** The values themselves where nothing is in the bits that do not count, else a copy of the same type. */
export function stripUnusedBits<Values extends Samples>(values: Values, numBits: number, highBit: number): Values {
  if (numBits === 8 * values.BYTES_PER_ELEMENT) return values;
  const left = 31 - highBit;
  const right = 32 - numBits;
  const isSigned = values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array;
  // Most scanners leave zeros, or the sign, in the bits that do not count.
  let strange = 0;
  if (isSigned) for (let i = 0; i < values.length; i++) strange |= values[i]! ^ ((values[i]! << left) >> right);
  else for (let i = 0; i < values.length; i++) strange |= values[i]! ^ ((values[i]! << left) >>> right);
  if (strange === 0) return values;
  const result = new (values.constructor as Uint16ArrayConstructor)(values.length);
  if (isSigned) for (let i = 0; i < values.length; i++) result[i] = (values[i]! << left) >> right;
  else for (let i = 0; i < values.length; i++) result[i] = (values[i]! << left) >>> right;
  return result as unknown as Values;
}
