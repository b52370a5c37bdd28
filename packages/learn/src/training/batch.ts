/** How a step's images are shared by processes and microsteps. */
import { MedsslError, type PretrainRecipe } from "@medssl/contract";
import { viewsPerImage } from "../objectives/pretraining.ts";

export interface Batch {
  readonly views: 1 | 2;
  /** Images of a step, over all processes and microsteps. */
  readonly images: number;
  /** Images of one process's microstep. */
  readonly share: number;
}

/**
 * @param count Images that there are. @param of Processes.
 * @throws {MedsslError} `ERR_RANKS`
 */
export function batchOf(
  { method, batchSize, accumulationSteps }: Pick<PretrainRecipe, "method" | "batchSize" | "accumulationSteps">,
  count: number,
  of: number,
  setting = "batchSize",
): Batch {
  const views = viewsPerImage(method);
  const images = Math.ceil(batchSize / views);
  const parts = of * accumulationSteps;
  if (count < of) {
    throw new MedsslError("ERR_RANKS", `${count} images cannot be shared by ${of} processes.`, {
      hint: `Start at most ${count} processes, or ingest more images.`,
    });
  }
  if (images % parts !== 0) {
    const text = `${of} processes x ${accumulationSteps} microsteps`;
    const nearest = Math.max(1, Math.round(images / parts)) * parts * views;
    throw new MedsslError("ERR_RANKS", `A batch of ${images} images cannot be shared evenly by ${text}.`, {
      hint: `Use --set ${setting}=${nearest}.`,
    });
  }
  return { views, images, share: images / parts };
}
