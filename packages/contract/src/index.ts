export * from "./errors.ts";
export * from "./finetune-recipe.ts";
export * from "./pretrain-recipe.ts";
export { type RecipeField, recipeFields } from "./recipe-fields.ts";
export type { Precision, ViTConfig } from "./recipe-parts.ts";
export * from "./recipes.ts";
export * from "./run-events.ts";
export type * from "./scores.ts";
export type * from "./study.ts";
