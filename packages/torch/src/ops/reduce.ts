/**
 * Reductions along axes. `axes` left out means all of them; `keepdim` leaves an axis of size 1 for each.
 */
import type { DType } from "../dtype.ts";
import { operator, type Result } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

type Axes = number | readonly number[];

const aten = {
  sum: operator("aten::sum.dim_IntList"),
  mean: operator("aten::mean.dim"),
  variance: operator("aten::var.correction"),
  amax: operator("aten::amax"),
  amin: operator("aten::amin"),
  argmax: operator("aten::argmax"),
  argmin: operator("aten::argmin"),
  norm: operator("aten::linalg_vector_norm"),
  logsumexp: operator("aten::logsumexp"),
  softmax: operator("aten::softmax.int"),
  logSoftmax: operator("aten::log_softmax.int"),
  cumsum: operator("aten::cumsum"),
  topk: operator<[Tensor, Tensor] & Result[]>("aten::topk"),
  sort: operator<[Tensor, Tensor] & Result[]>("aten::sort"),
  argsort: operator("aten::argsort"),
  all: operator("aten::all"),
  any: operator("aten::any"),
  item: operator<number | boolean>("aten::item"),
};

export function sum(self: Tensor, axes?: Axes, keepdim = false): Tensor {
  return aten.sum(self, axes ?? null, keepdim);
}

export function mean(self: Tensor, axes?: Axes, keepdim = false): Tensor {
  return aten.mean(self, axes ?? null, keepdim);
}

/** Variance; `correction` 1 divides by n - 1 (unbiased, PyTorch's default), 0 by n. */
export function variance(self: Tensor, axes?: Axes, keepdim = false, correction = 1): Tensor {
  return aten.variance(self, axes ?? null, correction, keepdim);
}

/** Largest value. */
export function amax(self: Tensor, axes: Axes = [], keepdim = false): Tensor {
  return aten.amax(self, axes, keepdim);
}

/** Smallest value. */
export function amin(self: Tensor, axes: Axes = [], keepdim = false): Tensor {
  return aten.amin(self, axes, keepdim);
}

/** Index (int64) of the largest value along an axis. */
export function argmax(self: Tensor, axis?: number, keepdim = false): Tensor {
  return aten.argmax(self, axis ?? null, keepdim);
}

export function argmin(self: Tensor, axis?: number, keepdim = false): Tensor {
  return aten.argmin(self, axis ?? null, keepdim);
}

/** The `order`-norm of the vectors along the axes. */
export function norm(self: Tensor, axes?: Axes, keepdim = false, order = 2): Tensor {
  return aten.norm(self, order, axes ?? null, keepdim);
}

export function logsumexp(self: Tensor, axes: Axes, keepdim = false): Tensor {
  return aten.logsumexp(self, axes, keepdim);
}

export function softmax(self: Tensor, axis: number): Tensor {
  return aten.softmax(self, axis);
}

export function logSoftmax(self: Tensor, axis: number): Tensor {
  return aten.logSoftmax(self, axis);
}

export function cumsum(self: Tensor, axis: number, dtype?: DType): Tensor {
  return aten.cumsum(self, axis, dtype);
}

/** The k largest (or smallest) along an axis: [values, indices]. */
export function topk(self: Tensor, k: number, axis = -1, largest = true): [Tensor, Tensor] {
  return aten.topk(self, k, axis, largest);
}

/** Sorted along an axis: [values, indices]. */
export function sort(self: Tensor, axis = -1, descending = false): [Tensor, Tensor] {
  return aten.sort(self, axis, descending);
}

/** Indices that sort along an axis. */
export function argsort(self: Tensor, axis = -1, descending = false): Tensor {
  return aten.argsort(self, axis, descending);
}

/** Whether all values are true. */
export function all(self: Tensor): Tensor {
  return aten.all(self);
}

export function any(self: Tensor): Tensor {
  return aten.any(self);
}

/** The one value of a tensor with one element. It waits for the device. */
export function item(self: Tensor): number {
  return Number(aten.item(self));
}
