export * from "./errors.ts";
export { type RecipeField, recipeFields } from "./recipe-fields.ts";
export * from "./recipes.ts";
export * from "./run-events.ts";
export type * from "./study.ts";
