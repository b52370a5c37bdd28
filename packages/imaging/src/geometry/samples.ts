import type { Samples } from "../scan.ts";

/** Zeros of the same type. */
export function emptySamples<Data extends Samples>(data: Data, length: number): Data {
  return new (data.constructor as new (length: number) => Data)(length);
}

/** Least and largest value of an integer type; undefined for floats. */
export function integerRange(data: Samples): readonly [number, number] | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return undefined;
  const bits = data.BYTES_PER_ELEMENT * 8;
  const isSigned = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array;
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}
