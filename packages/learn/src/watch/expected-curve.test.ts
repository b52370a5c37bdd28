import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { loadRecipe } from "../recipes/recipe-files.ts";
import { documentedLines } from "../testing/documented-run.ts";
import { compareWithExpected, comparisonText, expectedCurve } from "./expected-curve.ts";
import { healthReport, healthTable } from "./health-report.ts";

const tiny = (settings: object = {}) => parseRecipe(pretrainSchema, { ...loadRecipe("pretrain", "tiny"), ...settings });

test("the curve is that of the recipe's method, and there is none for other settings", () => {
  const metrics = (method: string) => new Set(expectedCurve(tiny({ method }))?.points.map(({ metric }) => metric));
  assert.deepEqual(metrics("mim"), new Set(["mim"]));
  assert.deepEqual(metrics("mim+acl"), new Set(["mim", "acl", "aclTop1", "aclRank"]));
  assert.equal(expectedCurve(tiny({ steps: 350 })), undefined);
  assert.equal(expectedCurve(tiny({ encoder: { depth: 12 } })), undefined);
  assert.ok(expectedCurve(tiny({ seed: 9, checkpointEveryMinutes: 7 })));
});

test("the files' points come in the order of steps, within the run, with ranges that are ranges", () => {
  const folder = new URL("../recipes/expected/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const { settings, methods } = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    for (const { points } of Object.values<{ points: { step: number; low: number; high: number }[] }>(methods)) {
      const steps = points.map(({ step }) => step);
      assert.deepEqual(
        steps,
        steps.toSorted((a, b) => a - b),
        name,
      );
      assert.ok(steps.at(-1)! <= settings.steps);
      for (const { low, high } of points) assert.ok(low < high, name);
    }
  }
});

test("a metric at a step is its mean over the window up to it", () => {
  const lines = [1, 2, 3, 4, 5, 6].map((step) => ({ step, mim: step, acl: step === 5 ? Number.NaN : 1 }));
  const point = (step: number, low: number, high: number, metric = "mim") => ({ step, metric, low, high });
  const points = [point(3, 2, 3), point(4, 0, 2.9), point(6, 5.1, 9), point(6, 0, 1, "acl"), point(7, 0, 9)];
  const compared = compareWithExpected(lines, { windowSteps: 3, points });
  assert.deepEqual(
    compared.map(({ seen, verdict }) => [seen, verdict]),
    [
      [2, "within"],
      [3, "above"],
      [5, "below"],
      [1, "within"],
    ],
  );
  assert.equal(comparisonText(compared[1]!), "mim 3 at step 4: above the range of 0 to 2.9");
  assert.deepEqual(compareWithExpected([], { windowSteps: 3, points }), []);
});

test("a report has the ranges, how the rest ended, and the warnings", () => {
  const lines = documentedLines("mim+acl, ours");
  const expected = expectedCurve(tiny())!;
  const warning = { id: "slow", level: "warning", step: 320, message: "Step 320: slow." } as const;
  const report = healthReport(lines, { expected, warnings: [warning] });
  assert.equal(report.verdict, "1 warning (slow); 18 of 18 ranges of the recipe were met.");
  assert.deepEqual(
    report.rows.slice(18).map(({ metric, step, verdict }) => [metric, step, verdict]),
    ["loss", "gradientNorm", "imagesPerSecond", "aclPositive", "aclNegative", "aclAnchors", "aclChance"].map(
      (metric) => [metric, 700, null],
    ),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  const text = healthTable(report).split("\n");
  assert.match(text[0]!, /^metric +step +seen +expected +verdict$/);
  assert.match(text[1]!, /^mim +17 +1.\d* +0.98 to 1.2 +within$/);
  assert.deepEqual(text.slice(-4), [
    "1 warning (slow); 18 of 18 ranges of the recipe were met.",
    "Expected: what the recipe did on some 1,000 chest X-rays at 192x192 (docs/results.md).",
    "Warning: Step 320: slow.",
    "",
  ]);
  const unknown = healthReport(lines, { warnings: [] });
  assert.equal(unknown.verdict, "No warning; no ranges are known for these settings.");
  assert.match(healthTable(unknown), /^acl +700 +1.\d+$/m);
});
