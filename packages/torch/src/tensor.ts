/**
 * A libtorch tensor: a handle, its description, and the way to and from JavaScript's arrays.
 *
 * Operators are functions in `ops/`; `methods.ts` makes them methods, so that `matmul(a, b)` is also `a.matmul(b)`.
 * A released tensor keeps no memory, and using it is an error that says so.
 */

import { type Device, deviceOfCode } from "./device.ts";
import { type DType, dtypeCode, dtypeOfArray, dtypeOfCode, type TypedArray, typedArrayOf } from "./dtype.ts";
import { callBuffer, native } from "./native.ts";

/** Tensor used after it was released. */
export class ReleasedTensorError extends Error {
  override readonly name = "ReleasedTensorError";
  readonly code = "ERR_TENSOR_RELEASED";
  constructor() {
    super(
      "This tensor was released: its scope ended, or dispose() was called. Return it from the scope, or keep() it, to use it longer.",
    );
  }
}

interface Description {
  readonly dtype: DType;
  readonly device: Device;
  readonly shape: readonly number[];
}

// Tensors of no scope are given back when JavaScript collects their object.
const collected = new FinalizationRegistry((handle: number) => {
  callBuffer[0] = handle;
  native.release(1);
});

let openTensors: Tensor[] | undefined;

export class Tensor {
  #handle: number;
  #description: Description | undefined;
  #isInScope = false;
  #isAdopted = false;

  /** Wraps a handle that native code returned; for this package only. */
  constructor(handle: number) {
    this.#handle = handle;
    Tensor.track(this);
  }

  /** A tensor on the memory of `array` (no copy: writing to one changes the other), or on a copy's where `isCopy`. */
  static fromTypedArray(array: TypedArray, shape: readonly number[], { dtype }: { dtype?: DType } = {}): Tensor {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== array.length) {
      throw new RangeError(
        `a tensor of shape [${shape.join(", ")}] has ${count} elements, the array has ${array.length}`,
      );
    }
    shape.forEach((size, i) => {
      callBuffer[i] = size;
    });
    return new Tensor(native.fromTypedArray(array, dtypeCode(dtype ?? dtypeOfArray(array)), shape.length));
  }

  get handle(): number {
    if (this.#handle === 0) throw new ReleasedTensorError();
    return this.#handle;
  }

  get isLive(): boolean {
    return this.#handle !== 0;
  }

  #describe(): Description {
    if (this.#description === undefined) {
      native.describe(this.handle);
      const rank = callBuffer[5]!;
      this.#description = {
        dtype: dtypeOfCode(callBuffer[0]!),
        device: deviceOfCode(callBuffer[1]!, callBuffer[2]!),
        shape: Array.from(callBuffer.subarray(6, 6 + rank)),
      };
    }
    return this.#description;
  }

  get shape(): readonly number[] {
    return this.#describe().shape;
  }

  get dtype(): DType {
    return this.#describe().dtype;
  }

  get device(): Device {
    return this.#describe().device;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  get isContiguous(): boolean {
    native.describe(this.handle);
    return callBuffer[4] === 1;
  }

  /** Length of one axis; negative axes count from the end. */
  size(axis: number): number {
    const size = this.shape.at(axis);
    if (size === undefined) throw new RangeError(`axis ${axis} of a tensor of shape [${this.shape.join(", ")}]`);
    return size;
  }

  get requiresGrad(): boolean {
    native.describe(this.handle);
    return callBuffer[3] === 1;
  }

  /** Makes a leaf collect its gradient (or not). Returns the tensor. */
  setRequiresGrad(requiresGrad = true): this {
    native.setRequiresGrad(this.handle, requiresGrad);
    return this;
  }

  /** The gradient that `backward` left, or undefined. */
  get grad(): Tensor | undefined {
    const handle = native.gradient(this.handle);
    return handle === 0 ? undefined : new Tensor(handle);
  }

  set grad(gradient: Tensor | undefined) {
    native.setGradient(this.handle, gradient?.handle ?? 0);
  }

  /** Gradients of this tensor (a scalar, or with `gradient` of its shape) with respect to all leaves, added to their `grad`. */
  backward(gradient?: Tensor, { retainGraph = false }: { retainGraph?: boolean } = {}): void {
    callBuffer.set([1, this.handle, 1, gradient?.handle ?? 0]);
    native.backward(retainGraph);
  }

  /** A copy of the elements in a typed array, in row-major order, from whichever device; bfloat16 and float16 as bits. */
  toTypedArray(): TypedArray {
    return this.#typedArray(false);
  }

  /** The elements as a typed array on the tensor's own memory: no copy. The tensor must be on the CPU and contiguous. */
  asTypedArray(): TypedArray {
    return this.#typedArray(true);
  }

  #typedArray(isShared: boolean): TypedArray {
    return typedArrayOf(this.dtype, native.toArrayBuffer(this.handle, isShared));
  }

  /** Gives the memory back at once. Harmless on a released tensor. */
  dispose(): void {
    if (this.#handle === 0) return;
    callBuffer[0] = this.forget();
    native.release(1);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Takes the tensor out of its scope: it lives until disposed of or collected. */
  keep(): this {
    if (this.#isInScope) {
      this.#isInScope = false;
      this.#adopt();
    }
    return this;
  }

  /** Says that an operator changed this tensor in place, perhaps its shape too. For this package only. */
  changed(): this {
    this.#description = undefined;
    return this;
  }

  /** Lets go of the handle and returns it; whoever calls releases it. For this package only. */
  forget(): number {
    const handle = this.handle;
    this.#handle = 0;
    this.#description = undefined;
    if (this.#isAdopted) collected.unregister(this);
    return handle;
  }

  #adopt(): void {
    native.adopt(this.#handle);
    collected.register(this, this.#handle, this);
    this.#isAdopted = true;
  }

  /** Hands a tensor to the innermost scope or, outside of any, to the garbage collector. */
  static track(tensor: Tensor): void {
    if (openTensors === undefined) {
      tensor.#isInScope = false;
      tensor.#adopt();
    } else {
      tensor.#isInScope = true;
      openTensors.push(tensor);
    }
  }

  /** Opens a scope and returns the one around it. */
  static openScope(): Tensor[] | undefined {
    const outer = openTensors;
    openTensors = [];
    return outer;
  }

  /** Closes the innermost scope, reopens `outer` and returns the tensors that are the scope's to free. */
  static closeScope(outer: Tensor[] | undefined): Tensor[] {
    const tensors = openTensors!;
    openTensors = outer;
    return tensors.filter((tensor) => tensor.#isInScope);
  }
}
