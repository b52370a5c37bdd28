/**
 * Patients of the training fraction who are kept aside while fine-tuning: they say which weights are kept, when to stop and
 * which post-processing helps. Test patients say nothing here.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { Random } from "@medssl/datasets";
import { noGrad, type Tensor, tensor } from "@medssl/torch";
import type { Selection } from "../data/image-set.ts";
import type { NamedParameters } from "../optim/parameter-groups.ts";

export interface ValidationSplit {
  readonly learned: readonly Selection[];
  /** Empty selections where there are too few patients for any. */
  readonly validated: readonly Selection[];
  readonly patients: readonly string[];
}

/** Parts the labelled patients, by the recipe's seed. */
export function splitValidation(
  selections: readonly Selection[],
  { validation, seed }: Pick<FinetuneRecipe, "validation" | "seed">,
): ValidationSplit {
  const all = [...new Set(selections.flatMap(({ cases }) => cases.map(({ patient }) => patient)))].sort();
  const count = Math.floor(all.length * validation.fraction);
  const patients = new Random(seed, all.length, 7)
    .shuffle([...all])
    .slice(0, count)
    .sort();
  const kept = new Set(patients);
  const part = (isValidated: boolean) =>
    selections.map(({ store, cases }) => ({
      store,
      cases: cases.filter(({ patient }) => kept.has(patient) === isValidated),
    }));
  return { learned: part(false), validated: part(true), patients };
}

/** The best weights so far, by the validation patients' Dice. */
export class BestWeights {
  readonly #parameters: NamedParameters;
  readonly #best: readonly Tensor[];
  /** Dice, the step it was measured at, and how often it was not bettered since. */
  readonly #record: Tensor;

  constructor(parameters: NamedParameters) {
    this.#parameters = parameters;
    this.#best = noGrad(() => parameters.map(([, parameter]) => parameter.clone().keep()));
    this.#record = tensor([-1, 0, 0], { dtype: "float64" }).keep();
  }

  /** Notes a measurement of the weights as they are. */
  offer(dice: number, step: number): void {
    const { dice: best, misses, step: at } = this.record;
    if (dice > best) {
      noGrad(() => {
        for (const [i, [, parameter]] of this.#parameters.entries()) this.#best[i]!.copy_(parameter);
      });
    }
    this.#record.copy_(tensor(dice > best ? [dice, step, 0] : [best, at, misses + 1], { dtype: "float64" }));
  }

  get record(): { dice: number; step: number; misses: number } {
    const [dice, step, misses] = this.#record.toNested() as [number, number, number];
    return { dice, step, misses };
  }

  /** Puts them in the place of the weights. */
  apply(): void {
    noGrad(() => {
      for (const [i, [, parameter]] of this.#parameters.entries()) parameter.copy_(this.#best[i]!);
    });
  }

  /** For a checkpoint: the tensors themselves. */
  stateTensors(): [string, Tensor][] {
    return [
      ...this.#parameters.map(([name], i): [string, Tensor] => [`best.${name}`, this.#best[i]!]),
      ["best.record", this.#record],
    ];
  }
}
