import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cardPage } from "../scripts/card-page.ts";

test("docs/model-card.md says what the schema says", () => {
  const page = readFileSync(new URL("../docs/model-card.md", import.meta.url), "utf8");
  assert.equal(page, cardPage(), "run: npm run docs");
});

test("every field of the card has values and a sentence, also those in lists and of what may be null", () => {
  const rows = cardPage().match(/^\| `.*$/gm) ?? [];
  const fields = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  for (const [, path, values, sentence] of fields) {
    assert.ok(values !== "" && sentence !== "" && !/undefined|-9007/.test(`${values}${sentence}`), path);
  }
  const paths = fields.map(([, path]) => path);
  for (const path of [
    "`classes[].type.value`",
    "`metrics.dice.low`",
    "`files.NAME.sha256`",
    "`weights[].loss.change`",
  ]) {
    assert.ok(paths.includes(path), path);
  }
});
