import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "..", "main.ts");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-budget-"));
test.after(() => rmSync(root, { recursive: true }));

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "budget", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Error 0.04 + 0.4 n^-0.5, without noise. */
const cells = [4, 16, 64, 100].map((labeledPatients) => {
  const dice = 1 - 0.04 - 0.4 * labeledPatients ** -0.5;
  return { arm: "scratch", fraction: labeledPatients, draw: 0, labeledPatients, scores: { dice, cases: [] } };
});
const study = { version: 1, head: "vit", arms: ["scratch"], split: { trainPatients: 100, testPatients: 9 }, cells };

test("the counts for a wished Dice, in words and as JSON", () => {
  writeFileSync(join(root, "study.json"), JSON.stringify(study));
  // 0.1 - 0.04 = 0.4 n^-0.5 at n = 44.4; 0.93: n = 177.8.
  const { status, stdout } = medssl(root, "--dice", "0.9,93%");
  assert.equal(status, 0);
  assert.match(stdout, /^Annotated patients for a Dice of 90\.0%: Scratch about 45 \(/);
  assert.match(stdout, /Dice of 93\.0%: Scratch about 180 \(.*\), 78 more than there are\./);
  const { arms } = JSON.parse(medssl(root, "--dice", "0.9", "--json").stdout);
  assert.equal(arms[0].targets[0].answer.count, 45);
  assert.deepEqual(arms[0].targets[0].measured, { below: 16, reached: 64 });
});

test("a folder without a study and a Dice that is none are told", () => {
  assert.match(medssl(join(root, "none")).stderr, /expected the folder of a study, found no study\.json/);
  assert.match(medssl(root, "--dice", "95").stderr, /Expected Dice between 0 and 1, such as 0\.95, or 95%/);
});

test("too few counts: what to do is told, and no brackets are explained", () => {
  writeFileSync(join(root, "study.json"), JSON.stringify({ ...study, cells: cells.slice(0, 2) }));
  const { stdout } = medssl(root);
  assert.match(stdout, /there are 2 \(4, 16\)\. The study's command with more --fractions adds to them\./);
  assert.doesNotMatch(stdout, /In brackets/);
});
