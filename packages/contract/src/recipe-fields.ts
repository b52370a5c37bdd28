/** The fields of recipes and of files as data: what documentation and forms are made from. */
import { z } from "zod";

export interface RecipeField {
  /** As `--set` takes it: "encoder.patchSize". */
  readonly path: string;
  /** What it is, with its unit. */
  readonly description: string;
  /** What values it takes, in words: "whole number >= 1". */
  readonly values: string;
  readonly default: unknown;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** All fields of a recipe's schema, in its order. */
export function recipeFields(schema: z.ZodType): RecipeField[] {
  return fieldsOf(z.toJSONSchema(schema, { io: "input" }) as JsonSchema, "", (field) => ({ field, suffix: "." }));
}

/** All fields of a file's schema: those of the objects in its lists, and of those that may be null, as well. */
export function fileFields(schema: z.ZodType): Omit<RecipeField, "default">[] {
  return fieldsOf(z.toJSONSchema(schema) as JsonSchema, "", insideOf);
}

/** What of a field has fields of its own, and how their paths go on. */
type Inside = (field: JsonSchema) => { readonly field: JsonSchema; readonly suffix: string };

function insideOf(field: JsonSchema): ReturnType<Inside> {
  if (field.items?.properties !== undefined) return { field: field.items, suffix: "[]." };
  const { additionalProperties, anyOf = [] } = field;
  if (typeof additionalProperties === "object") return { field: additionalProperties, suffix: ".NAME." };
  return { field: anyOf.find(({ properties }) => properties !== undefined) ?? field, suffix: "." };
}

function fieldsOf({ properties = {} }: JsonSchema, prefix: string, inside: Inside): RecipeField[] {
  return Object.entries(properties).flatMap(([name, field]): RecipeField[] => {
    const path = prefix + name;
    const { field: inner, suffix } = inside(field);
    const own = { path, description: field.description ?? "", values: valuesOf(field), default: field.default };
    if (inner.properties === undefined) return [own];
    const hasOwn = inside === insideOf && field.description !== undefined;
    return [...(hasOwn ? [own] : []), ...fieldsOf(inner, path + suffix, inside)];
  });
}

function valuesOf(field: JsonSchema): string {
  if (field.prefixItems !== undefined) return `[${field.prefixItems.map(valuesOf).join(", ")}]`;
  if (field.items !== undefined) return `list of ${valuesOf(field.items)}`;
  if (typeof field.additionalProperties === "object") return `name: ${valuesOf(field.additionalProperties)}`;
  if (field.anyOf !== undefined) return field.anyOf.map(valuesOf).join(" or ");
  if (field.enum !== undefined) return field.enum.join(", ");
  if (field.const !== undefined) return String(field.const);
  if (field.type === "integer" || field.type === "number") {
    const { minimum, exclusiveMinimum, exclusiveMaximum, maximum = Number.MAX_SAFE_INTEGER } = field;
    const kind = field.type === "integer" ? "whole number" : "number";
    if (minimum === undefined && exclusiveMinimum === undefined) return kind;
    if (exclusiveMaximum !== undefined)
      return exclusiveMinimum === undefined
        ? `${kind}, ${minimum} to below ${exclusiveMaximum}`
        : `${kind} between ${exclusiveMinimum} and ${exclusiveMaximum}`;
    if (minimum !== undefined && maximum < Number.MAX_SAFE_INTEGER) return `${kind}, ${minimum} to ${maximum}`;
    return exclusiveMinimum === undefined ? `${kind} >= ${minimum}` : `${kind} > ${exclusiveMinimum}`;
  }
  return field.type === "boolean" ? "true, false" : [field.type].flat().join(" or ");
}
