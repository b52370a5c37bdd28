/** Element types, by PyTorch's names, with libtorch's codes (c10/core/ScalarType.h). */

const codes = {
  uint8: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  float16: 5,
  float32: 6,
  float64: 7,
  bool: 11,
  bfloat16: 15,
  uint16: 27,
} as const;

export type DType = keyof typeof codes;

const names = new Map<number, DType>(Object.entries(codes).map(([name, code]) => [code, name as DType]));

export const dtypeCode = (dtype: DType): number => codes[dtype];

export function dtypeOfCode(code: number): DType {
  const name = names.get(code);
  if (name === undefined) throw new RangeError(`a tensor of libtorch's scalar type ${code} has no name here`);
  return name;
}

/** Codes by name, for names that may be none. */
export const dtypeCodes: ReadonlyMap<string, number> = new Map(Object.entries(codes));

/** Bytes of one element. */
export const itemSize = (dtype: DType): number =>
  ({
    uint8: 1,
    int8: 1,
    int16: 2,
    int32: 4,
    int64: 8,
    float16: 2,
    float32: 4,
    float64: 8,
    bool: 1,
    bfloat16: 2,
    uint16: 2,
  })[dtype];

export type TypedArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** The element type that a typed array holds. */
export function dtypeOfArray(array: TypedArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Uint8Array) return "uint8";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Uint16Array) return "uint16";
  return "int8";
}

/** A typed array of that element type over `buffer`; 16-bit floats come as their bits. */
export function typedArrayOf(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
    case "float16":
    case "bfloat16":
    case "uint16":
      return new Uint16Array(buffer);
  }
}
