/**
 * Post-processing of a fine-tuned network: what the labelled masks justify and the validation patients, where there are any, do not
 * lose by.
 */
import type { FinetuneRecipe, PostProcessing } from "@medssl/contract";
import type { Device } from "@medssl/torch";
import type { Statistics } from "../augment/intensity.ts";
import { storedVolumes } from "../evaluation/stored-volumes.ts";
import { volumeMaps } from "../evaluation/volume-maps.ts";
import { keepWhatHelps, rulesOfMasks, type ValidatedCase } from "../inference/learn-post-processing.ts";
import type { Segmenter } from "../inference/segment-images.ts";
import type { FinetuneData } from "./finetune-data.ts";

/** Masks that are looked at: what a structure looks like is known long before the thousandth. */
const MOST_VOLUMES = 200;

/** @returns Undefined where the recipe wants none, or masks that are labelled in part cannot tell. */
export async function choosePostProcessing(
  network: Segmenter,
  { set, selections, validation, classes, ignoredValue }: FinetuneData,
  recipe: FinetuneRecipe,
  { statistics, device }: { statistics: Statistics; device: Device },
): Promise<PostProcessing | undefined> {
  if (recipe.inference.postProcessing === "none" || ignoredValue !== undefined) return undefined;
  const options = { ...recipe, statistics, device };
  const masks = [];
  for await (const { volume, truth } of volumeMaps(
    undefined,
    set,
    storedVolumes(selections).slice(0, MOST_VOLUMES),
    options,
  )) {
    masks.push({ labels: truth, shape: volume.shape });
  }
  const cases: ValidatedCase[] = [];
  if (validation !== undefined) {
    for await (const { volume, ...maps } of volumeMaps(
      network,
      validation.set,
      storedVolumes(validation.selections),
      options,
    )) {
      cases.push({ labels: maps.truth, prediction: maps.prediction, shape: volume.shape });
    }
  }
  return keepWhatHelps(rulesOfMasks(masks, classes), cases);
}
