/**
 * The recipe of a U-Net that plans itself, with its plan in it; others stay as they are.
 *
 * A recipe whose `unet` is given is not planned: what `medssl plan` printed can be edited and used as it is.
 */
import type { FinetuneRecipe } from "@medssl/contract";
import { ImageSet } from "../data/image-set.ts";
import { fingerprint } from "../planning/fingerprint.ts";
import { planText, planUNet } from "../planning/plan-unet.ts";
import type { FinetuneOptions } from "./finetune.ts";
import { splitValidation } from "./validation.ts";

type PlannedOptions = Pick<FinetuneOptions, "selections" | "recipe" | "device" | "listen">;

export function plannedRecipe({ selections, recipe, device, listen }: PlannedOptions): FinetuneRecipe {
  if (recipe.head !== "auto-unet" || recipe.unet !== null) return recipe;
  // The validation patients say nothing here either.
  const { learned } = splitValidation(selections, recipe);
  const set = new ImageSet(learned);
  if (set.labels.length === 0) return recipe;
  const budget = recipe.planBudget === "device" ? (device === "cpu" ? "compact" : "full") : recipe.planBudget;
  const plan = planUNet(fingerprint(set, learned), { budget, recipe });
  listen({ type: "note", level: "info", message: planText(plan, budget) });
  return { ...recipe, ...plan };
}
