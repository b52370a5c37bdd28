/**
 * How images become records of one size: a recipe for each kind of picture, and a store's choice among them.
 *
 *     xray      320 px short side, the middle of the long side: 320x320, 8 bits
 *     ct        512x512, 16 bits: Hounsfield units, so that windows can be chosen when the images are used
 *     mr        256x256, 8 bits, each volume by its own percentiles
 *     fundus    512x512, 8 bits, the green channel, where vessels stand out
 *     picture   192x192, 8 bits, both axes scaled on their own: pictures of which nobody says what they are
 *
 * Masks    A store whose first X-rays have masks pads them: cropping would cut structures off.
 * Bits     uint8 or int16; the records of one recipe form files of their own, so that one store can hold all of them.
 */

import type { SliceForm } from "@medssl/imaging";
import type { Modality } from "../layouts/layout.ts";

export const recipeNames = ["xray", "ct", "mr", "fundus", "picture"] as const;
export type RecipeName = (typeof recipeNames)[number];

/** How a store keeps one kind of image. */
export type StoreRecipe = SliceForm;

export type StoreRecipes = Readonly<Record<RecipeName, StoreRecipe>>;

const RECIPES: StoreRecipes = {
  xray: { width: 320, height: 320, fit: "crop", channel: "luma", dtype: "uint8" },
  ct: { width: 512, height: 512, fit: "pad", channel: "luma", dtype: "int16" },
  mr: { width: 256, height: 256, fit: "pad", channel: "luma", dtype: "uint8" },
  fundus: { width: 512, height: 512, fit: "pad", channel: "green", dtype: "uint8" },
  picture: { width: 192, height: 192, fit: "squash", channel: "luma", dtype: "uint8" },
};

/** What a user may ask for in place of the recipes' own; it holds for every recipe of the store. */
export interface RecipeWishes {
  readonly width?: number;
  readonly height?: number;
  readonly fit?: StoreRecipe["fit"];
  readonly channel?: StoreRecipe["channel"];
}

/** The recipes of a new store. */
export function storeRecipes(wishes: RecipeWishes, hasMasks: boolean): StoreRecipes {
  const choose = (recipe: StoreRecipe): StoreRecipe => ({
    ...recipe,
    ...(hasMasks && recipe.fit === "crop" ? { fit: "pad" } : {}),
    ...wishes,
  });
  return Object.fromEntries(recipeNames.map((name) => [name, choose(RECIPES[name])])) as unknown as StoreRecipes;
}

export const recipeOf = (modality: Modality): RecipeName => (modality === "other" ? "picture" : modality);

export const recipeText = ({ width, height, channel, fit, dtype }: StoreRecipe): string =>
  `${width}x${height} ${channel} ${fit} ${dtype}`;
