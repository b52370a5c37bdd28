/**
 * Tensors from nothing or from JavaScript's values. The element type is float32 unless said otherwise.
 */
import type { Device } from "../device.ts";
import type { DType, TypedArray } from "../dtype.ts";
import { operator } from "../operator.ts";
import { Tensor } from "../tensor.ts";

export interface TensorOptions {
  readonly dtype?: DType | undefined;
  /** Default "cpu". */
  readonly device?: Device | undefined;
}

/** Numbers, nested as deep as the tensor has axes. */
export type Nested = number | boolean | readonly Nested[];

const aten = {
  zeros: operator("aten::zeros"),
  ones: operator("aten::ones"),
  empty: operator("aten::empty.memory_format"),
  full: operator("aten::full"),
  arange: operator("aten::arange.start_step"),
  linspace: operator("aten::linspace"),
  eye: operator("aten::eye"),
  zerosLike: operator("aten::zeros_like"),
  onesLike: operator("aten::ones_like"),
  emptyLike: operator("aten::empty_like"),
  fullLike: operator("aten::full_like"),
  rand: operator("aten::rand"),
  randn: operator("aten::randn"),
  randint: operator("aten::randint.low"),
  randperm: operator("aten::randperm"),
  copy: operator("aten::_to_copy"),
};

const layout = undefined;

/** The numbers of nested lists in order. @param shape Sizes that the lists must have, from this depth on. */
function numbersIn(values: Nested, shape: readonly number[]): readonly Nested[] {
  if (typeof values !== "object") return [values];
  const [size, ...inner] = shape;
  const isLast = inner.length === 0;
  if (values.length !== size || values.some((item) => (typeof item === "object") === isLast)) {
    throw new RangeError("tensor(): the lists of one axis differ in length or depth");
  }
  return isLast ? values : values.flatMap((item) => numbersIn(item, inner));
}

/** A tensor of nested numbers: `tensor([[1, 2], [3, 4]])` has shape [2, 2]; a typed array gives its own type and one axis. */
export function tensor(values: Nested | TypedArray, { dtype, device = "cpu" }: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(values)) return copied(fromTypedArray(values), dtype, device);
  const shape: number[] = [];
  for (let level: Nested | undefined = values; typeof level === "object"; level = level[0]) shape.push(level.length);
  const exact = Tensor.fromTypedArray(Float64Array.from(numbersIn(values, shape), Number), shape);
  return copied(exact, dtype ?? "float32", device);
}

function copied(temporary: Tensor, dtype: DType | undefined, device: Device): Tensor {
  try {
    return aten.copy(temporary, dtype, undefined, device);
  } finally {
    temporary.dispose();
  }
}

/** A tensor on the memory of a typed array, without a copy. @param shape Sizes whose product is the array's length. */
export function fromTypedArray(array: TypedArray, shape: readonly number[] = [array.length]): Tensor {
  return Tensor.fromTypedArray(array, shape);
}

export function zeros(shape: readonly number[], { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.zeros(shape, dtype, layout, device);
}

export function ones(shape: readonly number[], { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.ones(shape, dtype, layout, device);
}

/** Uninitialised memory. */
export function empty(shape: readonly number[], { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.empty(shape, dtype, layout, device);
}

export function full(
  shape: readonly number[],
  value: number,
  { dtype = "float32", device = "cpu" }: TensorOptions = {},
): Tensor {
  return aten.full(shape, value, dtype, layout, device);
}

/** start, start + step, ... below end: int64 unless said otherwise. */
export function arange(
  start: number,
  end: number,
  { step = 1, dtype = "int64", device = "cpu" }: TensorOptions & { readonly step?: number } = {},
): Tensor {
  return aten.arange(start, end, step, dtype, layout, device);
}

/** `steps` values from start to end, both included. */
export function linspace(
  start: number,
  end: number,
  steps: number,
  { dtype = "float32", device = "cpu" }: TensorOptions = {},
): Tensor {
  return aten.linspace(start, end, steps, dtype, layout, device);
}

/** The unit matrix [n, n]. */
export function eye(n: number, { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.eye(n, dtype, layout, device);
}

export function zerosLike(self: Tensor): Tensor {
  return aten.zerosLike(self);
}

export function onesLike(self: Tensor): Tensor {
  return aten.onesLike(self);
}

export function emptyLike(self: Tensor): Tensor {
  return aten.emptyLike(self);
}

export function fullLike(self: Tensor, value: number): Tensor {
  return aten.fullLike(self, value);
}

/** Uniform on [0, 1). */
export function rand(shape: readonly number[], { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.rand(shape, dtype, layout, device);
}

/** Standard normal. */
export function randn(shape: readonly number[], { dtype = "float32", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.randn(shape, dtype, layout, device);
}

/** Integers, low <= value < high. */
export function randint(
  low: number,
  high: number,
  shape: readonly number[],
  { dtype = "int64", device = "cpu" }: TensorOptions = {},
): Tensor {
  return aten.randint(low, high, shape, dtype, layout, device);
}

/** A permutation of 0 .. n-1. */
export function randperm(n: number, { dtype = "int64", device = "cpu" }: TensorOptions = {}): Tensor {
  return aten.randperm(n, dtype, layout, device);
}
