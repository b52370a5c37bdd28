/** What the grey values of a network that starts from scratch are brought to 0 and 1 by, as its recipe says. */
import type { FinetuneRecipe } from "@medssl/contract";
import type { Statistics } from "../augment/intensity.ts";
import { foregroundStatistics } from "../planning/fingerprint.ts";
import { type ImageSet, measureStatistics } from "./image-set.ts";

/** Smallest deviation of the structures that is divided by: one grey value. */
const MIN_DEVIATION = 1 / 255;

/** @param set The labelled images to learn from. */
export function normalizationStatistics(set: ImageSet, normalization: FinetuneRecipe["normalization"]): Statistics {
  if (normalization !== "foreground") {
    const ofAll = measureStatistics(set);
    return normalization === "image" ? { ...ofAll, isPerImage: true } : ofAll;
  }
  const { mean, std, low, high } = foregroundStatistics(set);
  return { mean, std: Math.max(std, MIN_DEVIATION), limits: [low, high] };
}
