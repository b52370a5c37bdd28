import type { Samples } from "../scan.ts";

/** Least and largest value of an integer type; undefined for floats. */
export function integerRange(data: Samples): readonly [number, number] | undefined {
  if (data instanceof Float32Array || data instanceof Float64Array) return undefined;
  const bits = data.BYTES_PER_ELEMENT * 8;
  const isSigned = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array;
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** Least and largest of the finite values; infinities the wrong way round where there is none. */
export function extremes(data: Samples): [least: number, largest: number] {
  let least = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < least && value > Number.NEGATIVE_INFINITY) least = value;
    if (value > largest && value < Number.POSITIVE_INFINITY) largest = value;
  }
  return [least, largest];
}
