/** Learning rates over the course of a run. */

export interface Schedule {
  /** Half a cosine, or nnU-Net's polynomial (1 - progress)^0.9. @default "cosine" */
  readonly kind?: "cosine" | "poly";
  readonly peak: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
}

/** Linear warm-up, then down to zero. @param step 0-based */
export function learningRateAt(step: number, { kind = "cosine", peak, totalSteps, warmupSteps }: Schedule): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return peak * (kind === "poly" ? (1 - progress) ** 0.9 : (1 + Math.cos(Math.PI * progress)) / 2);
}
