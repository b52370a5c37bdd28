/**
 * The running mean of the weights (EMA): average = decay * average + (1 - decay) * weights, after each step.
 *
 * The decay rises with the steps, min(decay, (1 + step) / (10 + step)), so that the random weights of the start are soon
 * forgotten. Source  Polyak & Juditsky (1992); Tarvainen & Valpola, "Mean teachers" (2017).
 */
import { call, noGrad, scope, type Tensor } from "@medssl/torch";
import type { NamedParameters } from "./parameter-groups.ts";

export class WeightAverage {
  readonly #parameters: NamedParameters;
  readonly #averages: readonly Tensor[];
  readonly #decay: number;

  constructor(parameters: NamedParameters, decay: number) {
    this.#parameters = parameters;
    this.#averages = noGrad(() => parameters.map(([, parameter]) => parameter.clone().keep()));
    this.#decay = decay;
  }

  /** @param step 0-based */
  update(step: number): void {
    const parameters = this.#parameters.map(([, parameter]) => parameter);
    const decay = Math.min(this.#decay, (1 + step) / (10 + step));
    noGrad(() => call("aten::_foreach_lerp_.Scalar", [this.#averages, parameters, 1 - decay]));
  }

  /**
   * Runs something with the average in the place of the weights. No graph of the weights may be waiting for its backward pass.
   */
  during<Result>(fn: () => Result): Result {
    this.exchange();
    try {
      return fn();
    } finally {
      this.exchange();
    }
  }

  /** Swaps average and weights; done twice, all is as before. */
  exchange(): void {
    noGrad(() =>
      scope(() => {
        for (const [i, [, parameter]] of this.#parameters.entries()) {
          const own = parameter.clone();
          parameter.copy_(this.#averages[i]!);
          this.#averages[i]!.copy_(own);
        }
      }),
    );
  }

  /** Puts the average in the place of the weights. */
  apply(): void {
    noGrad(() => {
      for (const [i, [, parameter]] of this.#parameters.entries()) parameter.copy_(this.#averages[i]!);
    });
  }

  /** By name, for a checkpoint: the tensors themselves, so that it can also be put back into them. */
  stateTensors(): [string, Tensor][] {
    return this.#parameters.map(([name], i) => [`average.${name}`, this.#averages[i]!]);
  }
}
