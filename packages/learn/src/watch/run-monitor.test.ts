import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { documentedLines, documentedRuns, TOTAL_STEPS } from "../testing/documented-run.ts";
import type { MetricsLine } from "../training/run-directory.ts";
import { expectedCurve } from "./expected-curve.ts";
import { type HealthNote, RunMonitor, type RunMonitorOptions } from "./run-monitor.ts";

function watch(lines: readonly MetricsLine[], options: Partial<RunMonitorOptions> = {}): HealthNote[] {
  const monitor = new RunMonitor({ totalSteps: TOTAL_STEPS, ...options });
  const notes = lines.flatMap((line) => monitor.observe(line));
  assert.deepEqual(
    monitor.warnings,
    notes.filter(({ level }) => level === "warning"),
  );
  return notes;
}

const ids = (notes: readonly HealthNote[]) => notes.map(({ id }) => id);

/** A documented run of both methods in which something is different from a step on. */
function ill(from: number, change: (line: MetricsLine, i: number) => object, run: keyof typeof documentedRuns) {
  return documentedLines(run).map((line, i): MetricsLine => (i < from ? line : { ...line, ...change(line, i) }));
}

for (const name of Object.keys(documentedRuns) as (keyof typeof documentedRuns)[]) {
  test(`the documented run of ${name} raises no warning, whatever its noise, and is within its ranges`, () => {
    const method = name.startsWith("mim+acl") ? "mim+acl" : "mim";
    const expected = expectedCurve(parseRecipe(pretrainSchema, { method, steps: 700, learningRate: 1e-3 }));
    for (let seed = 0; seed < 10; seed++) {
      const notes = watch(documentedLines(name, seed), { expected });
      assert.deepEqual(new Set(ids(notes)), new Set(["expected"]));
      assert.ok(notes.length >= 6);
      for (const { message, level } of notes) {
        assert.equal(level, "info");
        assert.match(message, /^As on some 1,000 chest X-rays/);
      }
    }
  });
}

const both = "mim+acl, ours";
const illRuns: readonly [id: string, lines: MetricsLine[], message: RegExp][] = [
  [
    "collapse",
    ill(0, () => ({ aclRank: 1, aclPositive: 1, aclNegative: 0.99, aclChance: 1, acl: 6.43 }), both),
    /^Step 130: acl: embeddings of effective rank 1, similarity 1 for the same place and 0.99 for other places\. .*collapsed.*ignoreRadius/,
  ],
  [
    "collapse",
    ill(0, () => ({ aclPositive: 0.9, aclNegative: 0.88 }), both), // what tells it is the similarity alone
    /similarity 0.9 for the same place and 0.88 for other places/,
  ],
  [
    "guessing",
    ill(0, () => ({ acl: 6.4, aclChance: 1.03, aclPositive: 0.2, aclNegative: 0.19 }), both),
    /^Step 130: acl 6.4: the same place is found 1.03 times as well as by chance\. The contrast is still guessing/,
  ],
  [
    "no-anchors",
    ill(0, () => ({ acl: 0, aclAnchors: 0, aclPositive: 0 }), both),
    /acl: 0 patches a step have a partner/,
  ],
  [
    "plateau",
    ill(60, ({ step }) => ({ mim: 0.854 - 0.002 * (step / 700), gradientNorm: 0.08 }), "mim, ours"),
    /mim on plateau since step 6\d, 0.85\d to 0.85\d, gradient norm 0.08; .* leave it at step 125 to 215\. .*not a finished run/,
  ],
  ["dead-inputs", ill(0, () => ({ loss: 0, mim: 0, gradientNorm: 0 }), "mim, ours"), /^Step 10: a loss of 0\. .*blank/],
  ["dead-inputs", ill(50, () => ({ gradientNorm: 1e-9 }), "mim, ours"), /^Step 60: a gradient norm of 1e-9\. /],
  ["dead-inputs", ill(50, () => ({ mim: 0.004, loss: 0.004 }), "mim, ours"), /^Step 60: a loss of 0.004\. /],
  [
    "rising-loss",
    ill(400, ({ mim }, i) => ({ mim: mim! * (1 + (i - 400) / 500) }), "mim, ours"),
    /mim rose from 0.6\d+ around step (39|4[01])\d to 0.7\d+\. The loss rises/,
  ],
  [
    "gradient-spikes",
    ill(300, (_, i) => ({ gradientNorm: i % 12 === 0 ? 9 : 0.5 }), "mim, ours"),
    /^Step \d+: 3 gradients since step \d+ were more than 6 times as long as others, up to 9 \(usually 0.5\)/,
  ],
  ["slow", ill(300, () => ({ imagesPerSecond: 80 }), "mim, ours"), /^Step 320: 80 images\/s, \d+ before\. /],
];
for (const [id, lines, message] of illRuns) {
  test(`${id} is told once, and nothing else is: ${message}`, () => {
    const notes = watch(lines, { expected: { ...curve, points: [] } });
    assert.deepEqual(ids(notes), [id]);
    assert.equal(notes[0]!.level, "warning");
    assert.match(notes[0]!.message, message);
  });
}

const curve = { measuredOn: "", windowSteps: 8, plateauLeftBySteps: [125, 215], points: [] } as const;

test("another contrast is judged by its own metrics", () => {
  const lines = documentedLines("mim, ours").map((line) => ({ ...line, simclr: 4, simclrRank: 1.2 }));
  assert.deepEqual(ids(watch(lines)), ["collapse"]);
});

test("what went away and comes back is told again, what flickers is not", () => {
  const slow = (isSlow: (block: number) => boolean) =>
    watch(ill(300, (_, i) => (isSlow(Math.floor(i / 10)) ? { imagesPerSecond: 50 } : {}), "mim, ours"));
  const twice = slow((block) => block < 35 || (block >= 50 && block < 55));
  assert.deepEqual(
    twice.map(({ step }) => step),
    [320, 520],
  );
  assert.deepEqual(ids(slow((block) => block % 4 < 2)), ["slow"]);
});

test("a run beside its range is told so in words", () => {
  const expected = { ...curve, measuredOn: "mice", points: [{ step: 85, metric: "mim", low: 0.1, high: 0.2 }] };
  const [note, ...others] = watch(documentedLines("mim, ours"), { expected });
  assert.deepEqual(others, []);
  assert.match(note!.message, /^Not as on mice: mim 0.8\d+ at step 85: above the range of 0.1 to 0.2\.$/);
});

test("metrics that are missing or no numbers raise nothing", () => {
  const lines = Array.from({ length: 300 }, (_, i) => ({ step: i + 1, aclRank: Number.NaN }) as MetricsLine);
  assert.deepEqual(watch(lines), []);
});
