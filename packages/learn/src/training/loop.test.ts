import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { full } from "@medssl/torch";
import { ALONE } from "../objectives/ranks.ts";
import { testFolder } from "../testing/disc-store.ts";
import { type LoopOptions, runSteps } from "./loop.ts";

const dir = testFolder();

function loop(name: string, options: Partial<LoopOptions>) {
  mkdirSync(join(dir, name), { recursive: true });
  return runSteps({
    name,
    dir: join(dir, name),
    device: "cpu",
    firstStep: 0,
    schedule: { peak: 1, totalSteps: 6, warmupSteps: 0 },
    imagesPerStep: 1,
    imagesPerEpoch: 1,
    secondsBefore: 0,
    checkpointEverySteps: 0,
    checkpointEveryMinutes: 60,
    ranks: ALONE,
    listen: () => {},
    takeStep: () => ({ loss: full([], 1), gradientNorm: full([], 1), parts: {} }),
    checkpoint: () => {},
    ...options,
  });
}

test("who looks at the weights behind a step sees those of that step, also where the next one begins early", async () => {
  let taken = 0;
  const seen: [step: number, taken: number][] = [];
  await loop("looked", {
    // The tensors are the host's: what is tested is the order that a device gets its work in.
    device: "cuda",
    takeStep: (step) => {
      taken = step + 1;
      return { loss: full([], 1), gradientNorm: full([], 1), parts: {} };
    },
    watchesWeights: (step) => step % 3 === 0,
    watch: async ({ step }) => void seen.push([step, taken]),
  });
  assert.deepEqual(seen, [
    [1, 2],
    [2, 3],
    [3, 3],
    [4, 5],
    [5, 6],
    [6, 6],
  ]);
});

test("a run that has come to its end is complete, also when it is told to stop at that moment", async () => {
  const controller = new AbortController();
  const checkpoints: number[] = [];
  const result = await loop("ended", {
    signal: controller.signal,
    checkpoint: ({ step }) => void checkpoints.push(step),
    watch: async ({ step }) => {
      if (step < 3) return undefined;
      controller.abort();
      return "finished";
    },
  });
  assert.deepEqual([result.isComplete, result.step, checkpoints], [true, 3, []]);
});
