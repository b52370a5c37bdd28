/**
 * docs/model-card.md, from the schema of the card: nothing in it is written by hand.
 */
import { fileFields, MODEL_CARD_VERSION, modelCardSchema } from "@medssl/contract";
import { markdownTable } from "./markdown-table.ts";

/** The page's text. */
export function cardPage(): string {
  const rows = fileFields(modelCardSchema).map(({ path, values, description }) => [`\`${path}\``, values, description]);
  return `# The card of an exported model

\`model.json\` in the folder that \`medssl export\` writes, version ${MODEL_CARD_VERSION}. \`[]\` stands for each item of a list, \`NAME\` for the name
of each file. Units are in the sentences; what has none is a share of 0-1 or a count. [export.md](export.md) says how the
folder is made and used.

Made by \`npm run docs\` from \`packages/contract/src/model-card.ts\`.

${markdownTable(["field", "values", "what it is"], rows)}
`;
}
