/**
 * Shapes, indices, types and devices. What PyTorch returns as a view shares memory here too.
 */
import { type Device, useDevice } from "../device.ts";
import { type DType, itemSize } from "../dtype.ts";
import { operator } from "../operator.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

const aten = {
  view: operator("aten::view"),
  viewDtype: operator("aten::view.dtype"),
  reshape: operator("aten::reshape"),
  permute: operator("aten::permute"),
  transpose: operator("aten::transpose.int"),
  flatten: operator("aten::flatten.using_ints"),
  unflatten: operator("aten::unflatten.int"),
  unsqueeze: operator("aten::unsqueeze"),
  squeeze: operator("aten::squeeze.dim"),
  expand: operator("aten::expand"),
  repeat: operator("aten::repeat"),
  cat: operator("aten::cat"),
  stack: operator("aten::stack"),
  unbind: operator<Tensor[]>("aten::unbind.int"),
  chunk: operator<Tensor[]>("aten::chunk"),
  select: operator("aten::select.int"),
  slice: operator("aten::slice.Tensor"),
  indexSelect: operator("aten::index_select"),
  gather: operator("aten::gather"),
  scatter: operator("aten::scatter.src"),
  scatterValue: operator("aten::scatter.value"),
  flip: operator("aten::flip"),
  roll: operator("aten::roll"),
  pad: operator("aten::constant_pad_nd"),
  contiguous: operator("aten::contiguous"),
  pinMemory: operator("aten::pin_memory"),
  clone: operator("aten::clone"),
  detach: operator("aten::detach"),
  to: operator("aten::to.dtype_layout"),
  nonzero: operator("aten::nonzero"),
  oneHot: operator("aten::one_hot"),
};

/** The same memory in another shape; one size may be -1. */
export function view(self: Tensor, shape: readonly number[]): Tensor {
  return aten.view(self, shape);
}

/** The same bytes as another element type. */
export function viewAs(self: Tensor, dtype: DType): Tensor {
  return aten.viewDtype(self, dtype);
}

/** A view where the memory allows it, else a copy; one size may be -1. */
export function reshape(self: Tensor, shape: readonly number[]): Tensor {
  return aten.reshape(self, shape);
}

/** Axes in the given order: `permute(x, [0, 2, 3, 1])` takes [N, C, H, W] to [N, H, W, C]. */
export function permute(self: Tensor, order: readonly number[]): Tensor {
  return aten.permute(self, order);
}

export function transpose(self: Tensor, first: number, second: number): Tensor {
  return aten.transpose(self, first, second);
}

/** Joins the axes from `start` to `end`, both included. */
export function flatten(self: Tensor, start = 0, end = -1): Tensor {
  return aten.flatten(self, start, end);
}

/** Splits one axis into several; one size may be -1. */
export function unflatten(self: Tensor, axis: number, sizes: readonly number[]): Tensor {
  return aten.unflatten(self, axis, sizes);
}

export function unsqueeze(self: Tensor, axis: number): Tensor {
  return aten.unsqueeze(self, axis);
}

export function squeeze(self: Tensor, axis: number): Tensor {
  return aten.squeeze(self, axis);
}

/** Repeats axes of size 1 without memory; -1 keeps a size. */
export function expand(self: Tensor, shape: readonly number[]): Tensor {
  return aten.expand(self, shape);
}

export function repeat(self: Tensor, times: readonly number[]): Tensor {
  return aten.repeat(self, times);
}

/** Joins tensors along an axis that they have. */
export function cat(tensors: readonly Tensor[], axis = 0): Tensor {
  return aten.cat(tensors, axis);
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return aten.stack(tensors, axis);
}

/** The slices along an axis, without that axis. */
export function unbind(self: Tensor, axis = 0): Tensor[] {
  return aten.unbind(self, axis);
}

/** At most `count` equal parts along an axis. */
export function chunk(self: Tensor, count: number, axis = 0): Tensor[] {
  return aten.chunk(self, count, axis);
}

/** One slice along an axis, without that axis. */
export function select(self: Tensor, axis: number, index: number): Tensor {
  return aten.select(self, axis, index);
}

/** Elements start <= i < end of an axis; negative positions count from the end. */
export function slice(self: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  return aten.slice(self, axis, start, end, step);
}

/** Rows `indices` (int64 [n]) of an axis. */
export function indexSelect(self: Tensor, axis: number, indices: Tensor): Tensor {
  return aten.indexSelect(self, axis, indices);
}

/** out[i][j] = self[i][index[i][j]] for axis 1, and likewise. */
export function gather(self: Tensor, axis: number, index: Tensor): Tensor {
  return aten.gather(self, axis, index);
}

/** A copy in which out[i][index[i][j]] = source[i][j] for axis 1, and likewise. */
export function scatter(self: Tensor, axis: number, index: Tensor, source: Tensor | number): Tensor {
  return typeof source === "number"
    ? aten.scatterValue(self, axis, index, source)
    : aten.scatter(self, axis, index, source);
}

export function flip(self: Tensor, axes: readonly number[]): Tensor {
  return aten.flip(self, axes);
}

export function roll(self: Tensor, shifts: readonly number[], axes: readonly number[]): Tensor {
  return aten.roll(self, shifts, axes);
}

/** Adds a border. @param amounts [left, right] of the last axis, then [top, bottom] of the one before, ... */
export function pad(self: Tensor, amounts: readonly number[], value = 0): Tensor {
  return aten.pad(self, amounts, value);
}

/** The tensor with its elements in row-major order (or channels last): itself if they are already. */
export function contiguous(self: Tensor, format: "contiguous" | "channelsLast" = "contiguous"): Tensor {
  return aten.contiguous(self, format);
}

export function clone(self: Tensor): Tensor {
  return aten.clone(self);
}

/** The same memory, cut off from autograd. */
export function detach(self: Tensor): Tensor {
  return aten.detach(self);
}

/** Bytes up to which a tensor goes to CUDA through page-locked memory, of which libtorch keeps what it once took. */
const LARGEST_UPLOAD = 64 * 2 ** 20;

/**
 * The tensor as another type, on another device or in another memory format; itself if it is so already.
 *
 * From the CPU to CUDA nothing waits for what the device still has to do: the values are copied to page-locked memory at
 * once, and from there in their turn.
 */
export function to(
  self: Tensor,
  { dtype, device, format }: { dtype?: DType; device?: Device; format?: "contiguous" | "channelsLast" } = {},
): Tensor {
  const isUpload = device?.startsWith("cuda") && self.device === "cpu" && !self.requiresGrad;
  if (!isUpload || self.numel * itemSize(self.dtype) > LARGEST_UPLOAD) {
    return aten.to(self, dtype, undefined, device, undefined, false, false, format);
  }
  useDevice(device!);
  return scope(() => aten.to(aten.pinMemory(self), dtype, undefined, device, undefined, true, false, format));
}

/** Positions of what is not zero: int64 [n, rank]. */
export function nonzero(self: Tensor): Tensor {
  return aten.nonzero(self);
}

/** int64 [...] of class indices -> int64 [..., numClasses] of 0 and 1. */
export function oneHot(self: Tensor, numClasses: number): Tensor {
  return aten.oneHot(self, numClasses);
}

/** The values as nested numbers, for looking at. */
export function toNested(self: Tensor): unknown {
  const flat = Array.from(aten.contiguous(self).to({ dtype: "float64", device: "cpu" }).toTypedArray(), Number);
  const nest = (axis: number, offset: number, stride: number): unknown => {
    if (axis === self.rank) return flat[offset];
    const step = stride / self.size(axis);
    return Array.from({ length: self.size(axis) }, (_, i) => nest(axis + 1, offset + i * step, step));
  };
  return nest(0, 0, self.numel);
}
