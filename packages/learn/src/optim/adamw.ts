/**
 * AdamW, all parameters of a group in one fused call.
 *
 * Source  Loshchilov & Hutter, "Decoupled weight decay regularization" (2019); libtorch's `_fused_adamw_`.
 * State   two moments a parameter and one step counter a group; it goes into checkpoints.
 */
import { call, noGrad, operator, scope, stack, type Tensor, tensor, zerosLike } from "@medssl/torch";

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

  /** Moves every parameter that has a gradient, and drops the gradients. */
  step(learningRate: number): void {
    noGrad(() =>
      scope(() => {
        for (const { parameters, learningRateScale, weightDecay } of this.groups) {
          const moving = parameters.flatMap(([name, parameter]) => {
            const gradient = parameter.grad;
            return gradient === undefined ? [] : [{ name, parameter, gradient }];
          });
          if (moving.length === 0) continue;
          const steps = moving.map(({ parameter }) => this.#steps.get(parameter)!);
          const [beta1, beta2] = this.#options.betas;
          call("aten::_foreach_add_.Scalar", [steps, 1]);
          fusedAdamW(
            moving.map(({ parameter }) => parameter),
            moving.map(({ gradient }) => gradient),
            moving.map(({ name }) => this.#moments.get(name)![0]),
            moving.map(({ name }) => this.#moments.get(name)![1]),
            [],
            steps,
            learningRate * learningRateScale,
            beta1,
            beta2,
            weightDecay,
            this.#options.epsilon ?? 1e-8,
            false,
            false,
          );
          for (const { parameter } of moving) parameter.grad = undefined;
        }
      }),
    );
  }

  /** Moments and counters by name, for a checkpoint. */
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

  /** Takes up what `stateTensors` gave. */
  loadStateTensors(tensors: ReadonlyMap<string, Tensor>): void {
    noGrad(() => {
      for (const [name, own] of this.stateTensors()) own.copy_(tensors.get(name)!);
    });
  }
}

/**
 * Scales the gradients so that their common norm is at most `maxNorm`.
 *
 * @returns The norm before; not finite when a gradient is not.
 */
export function clipGradientNorm(parameters: readonly Tensor[], maxNorm: number): number {
  return noGrad(() =>
    scope(() => {
      const gradients = parameters.flatMap((parameter) => parameter.grad ?? []);
      const norms = call("aten::_foreach_norm.Scalar", [gradients, 2]) as Tensor[];
      const norm = stack(norms).norm().item();
      if (norm > maxNorm) call("aten::_foreach_mul_.Scalar", [gradients, maxNorm / (norm + 1e-6)]);
      return norm;
    }),
  );
}
