/**
 * Who frees a tensor, and when.
 *
 * JavaScript's collector does not feel a tensor's size, so memory is freed by scopes: what is made inside `scope(fn)` is
 * released when `fn` ends, except what it returns and what was passed to `keep`. Parameters, optimiser state and the
 * like are made outside of any scope (or kept), and live until they are released or collected.
 */
import { callBuffer, native, reserveCallBuffer } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Values in which `scope` finds tensors to hand out: tensors, arrays and plain objects of them. */
function handOut(value: unknown, taken: Set<Tensor>): void {
  if (value instanceof Tensor) taken.add(value);
  else if (Array.isArray(value)) for (const item of value) handOut(item, taken);
  else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) handOut(item, taken);
  }
}

/**
 * Runs `fn` and releases every tensor made in it but those in its result, which go to the surrounding scope.
 *
 * @example
 * const norm = scope(() => x.square().sum().sqrt()); // the square and the sum are gone
 */
export function scope<Result>(fn: () => Result): Result {
  const outer = Tensor.openScope();
  let result: Result;
  const taken = new Set<Tensor>();
  try {
    result = fn();
    if (result instanceof Promise)
      throw new TypeError("scope() runs synchronous functions only: tensors would be freed too early");
    handOut(result, taken);
  } finally {
    const tensors = Tensor.closeScope(outer);
    reserveCallBuffer(tensors.length);
    let count = 0;
    for (const tensor of tensors) {
      if (!tensor.isLive) continue;
      if (taken.has(tensor)) Tensor.track(tensor);
      else callBuffer[count++] = tensor.forget();
    }
    native.release(count);
  }
  return result;
}

/** Takes a tensor out of all open scopes: it lives until released or collected. Returns it. */
export function keep(tensor: Tensor): Tensor {
  return tensor.keep();
}
