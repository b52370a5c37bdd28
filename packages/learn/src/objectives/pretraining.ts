/**
 * What pre-training minimises: one objective for each method of a recipe, all under the same loop.
 *
 *     mim, mim+acl      joint.ts: masked image modelling, alone or with anatomical contrast
 *     simclr            simclr.ts
 *     swin-proxies      swin-proxies.ts
 */
import type { PretrainRecipe } from "@medssl/contract";
import type { Tensor } from "@medssl/torch";
import type { Views } from "../data/views.ts";
import { ViT } from "../models/vit.ts";
import { JointObjective } from "./joint.ts";
import type { Ranks } from "./ranks.ts";
import { SimclrObjective } from "./simclr.ts";
import { SwinProxies } from "./swin-proxies.ts";

/** A loss, and the numbers that are followed beside it; scalars by name: `mim`, `acl`, `aclTop1`, ... */
export interface PretrainingLoss {
  readonly loss: Tensor;
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** A method: its networks are its fields, so that they are trained and written to checkpoints by their names. */
export interface PretrainingObjective {
  readonly encoder: ViT;
  /** Maps the encoder's output to the space that is contrasted, where the method has one. */
  readonly projectionHead: object | undefined;
  /** @param step 0-based @param ranks The processes that share the batch */
  loss(views: Views, step: number, ranks: Ranks): PretrainingLoss;
}

export const viewsPerImage = (method: PretrainRecipe["method"]): 1 | 2 => (method === "mim" ? 1 : 2);

/** New networks for a recipe. @param encoder A ViT to go on from @default new weights */
export function createObjective(
  recipe: PretrainRecipe,
  encoder: ViT = new ViT({ ...recipe.encoder, imageSize: recipe.inputSize }),
): PretrainingObjective {
  if (recipe.method === "simclr") return new SimclrObjective(recipe, encoder);
  if (recipe.method === "swin-proxies") return new SwinProxies(recipe, encoder);
  return new JointObjective(recipe, encoder);
}
