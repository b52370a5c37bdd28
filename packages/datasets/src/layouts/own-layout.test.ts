import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findLayout, layouts } from "./registry.ts";
import { listed, recognizes, sampleSource } from "./sample-source.ts";
import { SourceFolder } from "./source-folder.ts";

const repository = join(import.meta.dirname, "../../../..");
const example = join(repository, "examples/my-layout.ts");
const page = readFileSync(join(repository, "docs/layouts.md"), "utf8");

test("the example lists a folder as it says", async () => {
  const source = sampleSource("P001/film1.png", "P001/film1-lungs.png", "P001/film2.png", "P002/film1.png", {
    "patients.csv": "patient,group\nP001,teaching\nP002,exam\n",
  });
  const layout = await findLayout(new SourceFolder(source), example);
  assert.ok(recognizes(layout, source));
  assert.deepEqual(await listed(layout, source), {
    items: {
      "P001/film1": {
        files: ["P001/film1.png"],
        masks: [{ file: "P001/film1-lungs.png" }],
        patient: "P001",
        split: "train",
      },
      "P001/film2": { files: ["P001/film2.png"], masks: [], patient: "P001", split: "train" },
      "P002/film1": { files: ["P002/film1.png"], masks: [], patient: "P002", split: "test" },
    },
    notes: ["2 films have no outline of the lungs"],
  });
});

test("the example has 40 lines at most, and the page shows it as it is", () => {
  const code = readFileSync(example, "utf8");
  assert.ok(code.trimEnd().split("\n").length <= 40);
  assert.ok(page.includes(`\`\`\`ts\n${code}\`\`\``));
});

test("the page has a row for each layout", () => {
  for (const { name } of layouts) assert.match(page, new RegExp(`^\\| \`${name}\` `, "m"));
});
