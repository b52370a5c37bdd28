/** A model's plan with what a user wishes in its place: the same for every engine. */
import { MedsslError, type SegmentationPlan } from "@medssl/contract";

export interface PlanWishes {
  readonly inference?: Partial<Pick<SegmentationPlan, "tileOverlap" | "flips">>;
  /** Whether the model's post-processing is applied. @default true */
  readonly isCleaned?: boolean;
  /** Whether pictures are segmented in tiles of their own pixels, not at the size that the network learned at. @default false */
  readonly isNative?: boolean;
  /** Whether black borders of pictures are cut off first. @default where the model learned from pictures without */
  readonly cropsBlackBorder?: boolean | undefined;
}

/** @param source Of the model, for the message. @throws {MedsslError} `ERR_OPTION_OVERLAP` */
export function wishedPlan(
  plan: SegmentationPlan,
  source: string,
  { inference = {}, isCleaned = true, isNative = false, cropsBlackBorder = plan.cropsBlackBorder }: PlanWishes,
): SegmentationPlan {
  const mode = isNative ? "tiles" : plan.mode;
  if (inference.tileOverlap !== undefined && mode === "whole") {
    throw new MedsslError(
      "ERR_OPTION_OVERLAP",
      `${source}: this model segments pictures as a whole, there are no tiles to overlap`,
      { hint: "Leave the overlap out; or fine-tune with inference.mode=tiles." },
    );
  }
  const postProcessing = isCleaned ? plan.postProcessing : [];
  return {
    ...plan,
    ...inference,
    mode,
    postProcessing,
    ...(cropsBlackBorder === undefined ? {} : { cropsBlackBorder }),
  };
}
