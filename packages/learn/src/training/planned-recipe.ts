/**
 * The recipe of a U-Net that plans itself, with its plan in it; others stay as they are.
 *
 * A recipe whose `unet` is given is not planned: what `medssl plan` wrote can be edited and used as it is.
 */
import { type FinetuneRecipe, MedsslError } from "@medssl/contract";
import type { Device } from "@medssl/torch";
import { ImageSet, type Selection } from "../data/image-set.ts";
import { type Fingerprint, fingerprint } from "../planning/fingerprint.ts";
import { type PlanBudget, type PlannedFields, planText, planUNet } from "../planning/plan-unet.ts";
import type { FinetuneOptions } from "./finetune.ts";
import { splitValidation } from "./validation.ts";

export interface RecipePlan {
  readonly fingerprint: Fingerprint;
  readonly budget: PlanBudget;
  readonly plan: PlannedFields;
  /** In a line. */
  readonly text: string;
}

export interface PlanRecipeOptions {
  readonly selections: readonly Selection[];
  readonly recipe: FinetuneRecipe;
  readonly device: Device;
}

/**
 * Plans by the labelled images; the recipe's validation patients say nothing here either.
 *
 * @throws {MedsslError} `ERR_STORE_LABELS` without masks, and those of `ImageSet`.
 */
export function planRecipe({ selections, recipe, device }: PlanRecipeOptions): RecipePlan {
  const { learned } = splitValidation(selections, recipe);
  const set = new ImageSet(learned);
  if (set.labels.length === 0) {
    throw new MedsslError("ERR_STORE_LABELS", `The store ${selections[0]!.store.dir} has no masks.`, {
      hint: "Ingest a folder with images/ and masks/.",
    });
  }
  const budget = recipe.planBudget === "device" ? (device === "cpu" ? "compact" : "full") : recipe.planBudget;
  const found = fingerprint(set, learned);
  const plan = planUNet(found, { budget, recipe });
  return { fingerprint: found, budget, plan, text: planText(plan, budget) };
}

export function plannedRecipe(options: PlanRecipeOptions & Pick<FinetuneOptions, "listen">): FinetuneRecipe {
  const { recipe, listen } = options;
  if (recipe.head !== "auto-unet" || recipe.unet !== null) return recipe;
  const { plan, text } = planRecipe(options);
  listen({ type: "note", level: "info", message: text });
  return { ...recipe, ...plan };
}
