/**
 * Named recipes: files of settings beside this one. What a file leaves out has the schema's default.
 */
import { readdirSync, readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";

export type Stage = "pretrain" | "finetune";

const folder = (stage: Stage) => new URL(`./${stage}/`, import.meta.url);

export function recipeNames(stage: Stage): string[] {
  return readdirSync(folder(stage)).map((file) => file.replace(/\.json$/, ""));
}

/**
 * The settings of a recipe by its name, or of a JSON file by its path.
 *
 * @throws {MedsslError} `ERR_RECIPE_NAME`, `ERR_RECIPE_FILE`
 */
export function loadRecipe(stage: Stage, name: string): Record<string, unknown> {
  const isPath = name.endsWith(".json");
  if (!isPath && !recipeNames(stage).includes(name)) {
    throw new MedsslError("ERR_RECIPE_NAME", `Unknown ${stage} recipe "${name}".`, {
      hint: `There are ${recipeNames(stage).join(", ")}; a path that ends in .json names a file of your own.`,
    });
  }
  const refuse = (what: string, cause?: unknown) =>
    new MedsslError("ERR_RECIPE_FILE", `${name}: not a recipe that can be read: ${what}`, {
      hint: `Expected a JSON object such as { "steps": 350 }; the fields are in docs/recipes.md.`,
      cause,
    });
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(isPath ? name : new URL(`${name}.json`, folder(stage)), "utf8"));
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) throw refuse("no object");
  return settings as Record<string, unknown>;
}
