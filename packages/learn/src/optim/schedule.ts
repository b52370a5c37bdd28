/** Learning rates over the course of a run. */

export interface Schedule {
  readonly peak: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
}

/** Linear warm-up, then half a cosine down to zero. @param step 0-based */
export function learningRateAt(step: number, { peak, totalSteps, warmupSteps }: Schedule): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return (peak * (1 + Math.cos(Math.PI * Math.min(1, progress)))) / 2;
}
