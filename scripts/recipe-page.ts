/**
 * docs/recipes.md, from the schemas and the recipe files: nothing in it is written by hand.
 */
import { finetuneSchema, pretrainSchema, recipeFields } from "@medssl/contract";
import { describeRecipe, recipeNames } from "@medssl/learn";
import { markdownTable } from "./markdown-table.ts";

type Stage = "pretrain" | "finetune";

const stages = [
  { name: "pretrain", title: "Pre-training", schema: pretrainSchema, command: "medssl pretrain" },
  { name: "finetune", title: "Fine-tuning", schema: finetuneSchema, command: "medssl finetune" },
] as const;

/** The page's text. */
export function recipePage(): string {
  return `# Recipes

A recipe holds every setting of pre-training or fine-tuning. \`--recipe NAME\` takes one of the named ones, or a JSON file
of your own with the fields that differ from the defaults; \`--set field=value\` changes a field on top of it and may be
repeated. \`medssl study\` takes both recipes, and puts the stage in front: \`--set pretrain.steps=350\`. A run writes all of
its settings into \`run.json\`.

    npx medssl pretrain --store stores/cxr --recipe tiny --set steps=1200 --set encoder.depth=12 --out runs/cxr

Made by \`npm run docs\` from \`packages/contract/src/*-recipe.ts\` and \`packages/learn/src/recipes/\`.
${stages.map(stageSection).join("")}`;
}

function stageSection({ name, title, schema, command }: (typeof stages)[number]): string {
  const rows = recipeFields(schema).map(({ path, values, description, default: value }) => [
    `\`${path}\``,
    `\`${JSON.stringify(value).replaceAll('"', "")}\``,
    values,
    description,
  ]);
  return `
## ${title}

\`${command}\`, \`--set\` of \`medssl study\` with \`${name}.\` in front.

${markdownTable(
  ["recipe", "what it is"],
  recipeNames(name).map((recipe) => [`\`${recipe}\``, describeRecipe(name, recipe).about]),
)}

${markdownTable(["recipe", "the defaults, or another recipe, changed in"], recipeNames(name).map(recipeRow(name)))}

${markdownTable(["field", "default", "values", "what it is"], rows)}
`;
}

const recipeRow = (stage: Stage) => (name: string) => {
  const { base, own } = describeRecipe(stage, name);
  const settings = leaves(own).map(([path, value]) => `\`${path}=${String(value).replaceAll('"', "")}\``);
  return [`\`${name}\``, [...(base === undefined ? [] : [`\`${base}\``]), ...settings].join(", ") || "nothing"];
};

function leaves(value: unknown, path = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, path === "" ? key : `${path}.${key}`));
}
