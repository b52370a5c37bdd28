/**
 * Numbers on their way from a device to the host. The copy is asked for at once; reading waits for it alone, not for what the
 * device was asked to do meanwhile. On the CPU there is nothing to wait for.
 */
import { deviceCode } from "./device.ts";
import type { TypedArray } from "./dtype.ts";
import { native } from "./native.ts";
import { operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

const emptyPinned = operator("aten::empty.memory_format");
const copyWithoutWaiting = operator("aten::copy_");

export class HostCopy {
  readonly #values: Tensor;
  readonly #event: number | undefined;

  /** @param tensor Contiguous; it may be released afterwards. */
  constructor(tensor: Tensor) {
    if (tensor.device === "cpu") {
      this.#values = tensor.detach().clone().keep();
      return;
    }
    this.#values = emptyPinned(tensor.shape, tensor.dtype, undefined, "cpu", true).keep();
    copyWithoutWaiting(this.#values, tensor.detach(), true);
    this.#event = native.recordEvent(...deviceCode(tensor.device));
  }

  /** The numbers, in row-major order; once. */
  read(): TypedArray {
    if (this.#event !== undefined) native.waitForEvent(this.#event);
    const values = this.#values.toTypedArray();
    this.#values.dispose();
    return values;
  }
}
