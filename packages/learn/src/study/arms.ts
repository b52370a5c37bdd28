/**
 * The arms of a study: how a network starts, and which network it is.
 *
 * `unet`, `scratch`, or a method of pre-training (`mim`, `mim+acl`, `simclr`, `swin-proxies`); with `@vit` or `@hybrid` behind it for a head other than the study's own.
 */
import { type FinetuneRecipe, MedsslError, type PretrainMethod, pretrainMethods } from "@medssl/contract";

export interface StudyArm {
  readonly id: string;
  readonly head: FinetuneRecipe["head"];
  /** The pre-training that the encoder comes from; undefined for random weights. */
  readonly method: PretrainMethod | undefined;
}

/** @throws {MedsslError} `ERR_ARM` */
export function parseArm(id: string, studyHead: FinetuneRecipe["head"]): StudyArm {
  const [start = "", variant] = id.split("@");
  const isKnown =
    ["unet", "scratch", ...pretrainMethods].includes(start) &&
    (variant === undefined || ["vit", "hybrid"].includes(variant));
  if (!isKnown || (start === "unet" && variant !== undefined)) {
    throw new MedsslError("ERR_ARM", `Unknown arm "${id}".`, {
      hint: `Arms are unet, scratch, ${pretrainMethods.join(", ")}; scratch@vit or mim+acl@hybrid name another head than the study's.`,
    });
  }
  const head = start === "unet" ? "unet" : ((variant as FinetuneRecipe["head"] | undefined) ?? studyHead);
  return { id, head, method: pretrainMethods.find((method) => method === start) };
}
