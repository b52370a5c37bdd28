/**
 * Recipes: settings that are checked once, at the door, against the schema of their stage.
 */
import type { z } from "zod";
import { editDistance } from "./edit-distance.ts";
import { MedsslError } from "./errors.ts";
import { recipeFields } from "./recipe-fields.ts";

/**
 * Checks a recipe's settings.
 *
 * @throws {MedsslError} `ERR_RECIPE` naming each wrong field, what it should be and what it was.
 */
export function parseRecipe<Schema extends z.ZodType>(schema: Schema, settings: unknown): z.infer<Schema> {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const known = recipeFields(schema).map(({ path }) => path);
  const lines = result.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownField([...issue.path, key].join("."), known))
      : [`${issue.path.join(".") || "recipe"}: ${issue.message}`],
  );
  throw new MedsslError("ERR_RECIPE", `The recipe has settings that cannot be used:\n  ${lines.join("\n  ")}`, {
    hint: "The fields, their units and defaults are in docs/recipes.md.",
  });
}

/** @param known Paths of the fields that there are. */
function unknownField(path: string, known: readonly string[]): string {
  const name = (text: string) => text.slice(text.lastIndexOf(".") + 1);
  // A field in the wrong place is nearer than one that is spelt alike.
  const distance = (other: string) => Math.min(editDistance(path, other), editDistance(name(path), name(other)) + 0.5);
  const nearest = known.toSorted((a, b) => distance(a) - distance(b))[0];
  const isNear = nearest !== undefined && distance(nearest) <= Math.max(2, name(path).length / 2);
  return `${path}: there is no such field${isNear ? `; did you mean ${nearest}?` : ""}`;
}

/**
 * Applies `path.to.field=value` to plain settings; values are read as JSON where they are JSON, else as text.
 *
 * @throws {MedsslError} `ERR_SETTING` when an assignment has no "=".
 */
export function withSettings(
  settings: Readonly<Record<string, unknown>>,
  assignments: readonly string[],
): Record<string, unknown> {
  const result = structuredClone(settings) as Record<string, unknown>;
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    if (equals < 1) {
      throw new MedsslError("ERR_SETTING", `--set expects field=value, got "${assignment}"`, {
        hint: "Example: --set steps=350",
      });
    }
    const path = assignment.slice(0, equals).split(".");
    const last = path.pop()!;
    let owner = result;
    for (const key of path) {
      const inner = Object.hasOwn(owner, key) ? owner[key] : undefined;
      owner[key] = typeof inner === "object" && inner !== null ? inner : {};
      owner = owner[key] as Record<string, unknown>;
    }
    owner[last] = parsedValue(assignment.slice(equals + 1));
  }
  return result;
}

function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
