/**
 * Stochastic gradient descent with Nesterov's momentum, all parameters of a group in one fused call: what nnU-Net
 * trains with. Used as AdamW is.
 *
 * Formula  d = gradient + decay w; v = momentum v + d; w -= lr (d + momentum v). PyTorch's form: the decay is part of
 *          the gradient, and the learning rate is outside of the momentum.
 * State    one velocity a parameter; it goes into checkpoints.
 * Source   Sutskever et al., "On the importance of initialization and momentum" (2013); libtorch's `_fused_sgd_`.
 */
import { noGrad, operator, scope, type Tensor, zerosLike } from "@medssl/torch";
import type { GradientClip, ParameterGroup } from "./adamw.ts";
import { moving } from "./parameter-groups.ts";

export interface SgdOptions {
  /** Share of the velocity that is left after a step. */
  readonly momentum: number;
}

const fusedSgd = operator<never>("aten::_fused_sgd_");

export class Sgd {
  readonly groups: readonly ParameterGroup[];
  readonly #options: SgdOptions;
  readonly #velocities = new Map<string, Tensor>();

  constructor(groups: readonly ParameterGroup[], options: SgdOptions) {
    this.groups = groups.filter(({ parameters }) => parameters.length > 0);
    this.#options = options;
    for (const [name, parameter] of this.groups.flatMap(({ parameters }) => parameters)) {
      this.#velocities.set(
        name,
        noGrad(() => zerosLike(parameter).keep()),
      );
    }
  }

  /** Of all groups. */
  get parameters(): Tensor[] {
    return this.groups.flatMap(({ parameters }) => parameters.map(([, parameter]) => parameter));
  }

  /**
   * Moves every parameter that has a gradient, and drops the gradients.
   *
   * @param clip Shortens the gradients by it; where it says that one is not a number, nothing moves.
   */
  step(learningRate: number, clip?: GradientClip): void {
    noGrad(() =>
      scope(() => {
        for (const { parameters, learningRateScale, weightDecay } of this.groups) {
          const moved = moving(parameters);
          if (moved.length === 0) continue;
          fusedSgd(
            moved.map(({ parameter }) => parameter),
            moved.map(({ gradient }) => gradient),
            moved.map(({ name }) => this.#velocities.get(name)!),
            weightDecay,
            this.#options.momentum,
            learningRate * learningRateScale,
            0,
            true,
            false,
            false,
            clip?.divisor,
            clip?.isBroken,
          );
          for (const { parameter } of moved) parameter.grad = undefined;
        }
      }),
    );
  }

  /** Velocities by name, for a checkpoint: the tensors themselves, so that it can also be put back into them. */
  stateTensors(): [string, Tensor][] {
    return this.groups.flatMap(({ parameters }) =>
      parameters.map(([name]): [string, Tensor] => [`optimizer.${name}.velocity`, this.#velocities.get(name)!]),
    );
  }
}
