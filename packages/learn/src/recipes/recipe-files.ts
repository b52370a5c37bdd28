/**
 * Named recipes: files of settings beside this one. What a file leaves out has the schema's default.
 *
 * Beside settings a file may have `about`, a sentence, and `extends`, the name of a recipe whose settings it changes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";

export type Stage = "pretrain" | "finetune";

const folder = (stage: Stage) => new URL(`./${stage}/`, import.meta.url);

export function recipeNames(stage: Stage): string[] {
  return readdirSync(folder(stage)).map((file) => file.replace(/\.json$/, ""));
}

type Settings = Readonly<Record<string, unknown>>;

/** What the recipe's file says of it, the recipe that it extends, and its own settings. */
export function describeRecipe(stage: Stage, name: string): { about: string; base: string | undefined; own: Settings } {
  const { about = "", extends: base, ...own } = readFile(stage, name);
  return { about: String(about), base: base === undefined ? undefined : String(base), own };
}

/**
 * The settings of a recipe by its name, or of a JSON file by its path.
 *
 * @throws {MedsslError} `ERR_RECIPE_NAME`, `ERR_RECIPE_FILE`
 */
export function loadRecipe(stage: Stage, name: string, extendedBy: readonly string[] = []): Settings {
  const { about: _, extends: base, ...own } = readFile(stage, name);
  if (base === undefined) return own;
  const chain = [...extendedBy, name];
  if (typeof base !== "string" || chain.includes(base)) throw refusal(name, `it extends ${JSON.stringify(base)}`);
  return merged(loadRecipe(stage, base, chain), own);
}

/** Settings within settings are merged; lists, and what names sources, are replaced. */
function merged(base: Settings, own: Settings): Settings {
  const isSettings = (value: unknown): value is Settings =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(own).map(([key, value]): [string, unknown] => {
    const below = base[key];
    return [key, isSettings(value) && isSettings(below) && key !== "sampling" ? merged(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

function readFile(stage: Stage, name: string): Settings {
  const isPath = name.endsWith(".json");
  if (!isPath && !recipeNames(stage).includes(name)) {
    throw new MedsslError("ERR_RECIPE_NAME", `Unknown ${stage} recipe "${name}".`, {
      hint: `There are ${recipeNames(stage).join(", ")}; a path that ends in .json names a file of your own.`,
    });
  }
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(isPath ? name : new URL(`${name}.json`, folder(stage)), "utf8"));
  } catch (cause) {
    throw refusal(name, (cause as Error).message, cause);
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) throw refusal(name, "no object");
  return settings as Settings;
}

const refusal = (name: string, what: string, cause?: unknown): MedsslError =>
  new MedsslError("ERR_RECIPE_FILE", `${name}: not a recipe that can be read: ${what}`, {
    hint: `Expected a JSON object such as { "steps": 350 }; the fields are in docs/recipes.md.`,
    cause,
  });
