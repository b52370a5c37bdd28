/**
 * AdamW, all parameters of a group in one fused call.
 *
 * Source  Loshchilov & Hutter, "Decoupled weight decay regularization" (2019); libtorch's `_fused_adamw_`.
 * State   two moments a parameter and one step counter a group; it goes into checkpoints.
 */
import { call, noGrad, operator, scope, stack, type Tensor, tensor, zerosLike } from "@medssl/torch";

import { moving } from "./parameter-groups.ts";

export interface ParameterGroup {
  readonly parameters: readonly (readonly [name: string, parameter: Tensor])[];
  /** Factor on the schedule's learning rate. */
  readonly learningRateScale: number;
  readonly weightDecay: number;
}

export interface AdamWOptions {
  readonly betas: readonly [number, number];
  /** @default 1e-8 */
  readonly epsilon?: number;
}

const fusedAdamW = operator<never>("aten::_fused_adamw_");

export class AdamW {
  readonly groups: readonly ParameterGroup[];
  readonly #options: AdamWOptions;
  readonly #moments = new Map<string, readonly [first: Tensor, second: Tensor]>();
  readonly #steps = new Map<Tensor, Tensor>();

  constructor(groups: readonly ParameterGroup[], options: AdamWOptions) {
    this.groups = groups.filter(({ parameters }) => parameters.length > 0);
    this.#options = options;
    for (const [name, parameter] of this.groups.flatMap(({ parameters }) => parameters)) {
      this.#moments.set(
        name,
        noGrad(() => [zerosLike(parameter).keep(), zerosLike(parameter).keep()] as const),
      );
      this.#steps.set(parameter, tensor(0, { device: parameter.device }).keep());
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
          const steps = moved.map(({ parameter }) => this.#steps.get(parameter)!);
          const [beta1, beta2] = this.#options.betas;
          call("aten::_foreach_add_.Scalar", [steps, 1]);
          fusedAdamW(
            moved.map(({ parameter }) => parameter),
            moved.map(({ gradient }) => gradient),
            moved.map(({ name }) => this.#moments.get(name)![0]),
            moved.map(({ name }) => this.#moments.get(name)![1]),
            [],
            steps,
            learningRate * learningRateScale,
            beta1,
            beta2,
            weightDecay,
            this.#options.epsilon ?? 1e-8,
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

  /** Moments and counters by name, for a checkpoint: the tensors themselves, so that it can also be put back into them. */
  stateTensors(): [string, Tensor][] {
    return this.groups.flatMap(({ parameters }) =>
      parameters.flatMap(([name, parameter]): [string, Tensor][] => {
        const [first, second] = this.#moments.get(name)!;
        return [
          [`optimizer.${name}.first`, first],
          [`optimizer.${name}.second`, second],
          [`optimizer.${name}.step`, this.#steps.get(parameter)!],
        ];
      }),
    );
  }
}

/** How gradients are to be shortened; scalars on the device, which need not be waited for. */
export interface GradientClip {
  /** Norm over all gradients, before. */
  readonly norm: Tensor;
  readonly divisor: Tensor;
  /** 1 where the norm is not finite. */
  readonly isBroken: Tensor;
}

/** What makes the common norm of all gradients at most `maxNorm`. */
export function gradientClip(parameters: readonly Tensor[], maxNorm: number): GradientClip {
  return noGrad(() =>
    scope(() => {
      const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
      const norm = stack(call("aten::_foreach_norm.Scalar", [gradients, 2]) as Tensor[]).norm();
      return {
        norm,
        divisor: norm.div(maxNorm).clamp(1),
        isBroken: norm.isfinite().logicalNot().to({ dtype: "float32" }),
      };
    }),
  );
}
