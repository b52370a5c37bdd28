/**
 * Averages gradients over the ranks while backward runs: c10d's Reducer, the engine of PyTorch's DistributedDataParallel.
 *
 * Buckets of up to 25 MB are sent as soon as the gradients in them are there, so that the network works while the earlier
 * layers are still computed. Each rank's loss is a mean over its own examples; the average of the ranks' gradients is then
 * the gradient of the mean over all of them, if ranks have equally many.
 *
 * Parameters that no loss reaches in a step are allowed, on some ranks or on all; the latter keep their gradient.
 */
import type { ProcessGroup } from "./distributed.ts";
import type { Tensor } from "./tensor.ts";

export class GradientReducer {
  readonly #reducer: ReturnType<ProcessGroup["createReducer"]>;

  /** Every rank's parameters, in the same order; their values become rank 0's. */
  constructor(parameters: readonly Tensor[], group: ProcessGroup) {
    this.#reducer = group.createReducer(parameters);
  }

  /**
   * In place of `loss.backward()`. With gradients accumulated over several losses, all but the last go without reduction:
   * the last one averages the sum.
   */
  backward(loss: Tensor, { isReduced = true }: { isReduced?: boolean } = {}): void {
    this.#reducer.backward(loss, isReduced);
  }

  /** Takes its hooks off the parameters. */
  dispose(): void {
    this.#reducer.dispose();
  }
}
