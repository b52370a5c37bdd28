import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scope, tensor } from "@medssl/torch";
import { gradientClip } from "./adamw.ts";
import { learningRateAt } from "./schedule.ts";
import { Sgd } from "./sgd.ts";

interface Fixture {
  readonly start: number[][];
  readonly slopes: number[][];
  readonly runs: readonly {
    readonly weightDecay: number;
    readonly clipNorm: number | null;
    readonly rates: number[];
    readonly weights: number[][];
  }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/sgd.json", import.meta.url), "utf8"));

/** Trains as make-sgd.py does. @returns The weights after each step. */
function train(run: Fixture["runs"][number], { restartedAt = -1 } = {}): number[][] {
  const w = tensor(fixture.start).setRequiresGrad();
  const slopes = tensor(fixture.slopes);
  const make = () =>
    new Sgd([{ parameters: [["w", w]], learningRateScale: 1, weightDecay: run.weightDecay }], { momentum: 0.99 });
  let optimizer = make();
  return run.rates.map((_, step) => {
    if (step === restartedAt) {
      const saved = new Map(optimizer.stateTensors());
      optimizer = make();
      for (const [name, own] of optimizer.stateTensors()) own.copy_(saved.get(name)!);
    }
    scope(() => w.square().mul(slopes).add(w).sum().backward());
    const rate = learningRateAt(step, { kind: "poly", peak: 0.1, totalSteps: run.rates.length, warmupSteps: 0 });
    optimizer.step(rate, run.clipNorm === null ? undefined : gradientClip([w], run.clipNorm));
    assert.equal(w.grad, undefined);
    return (w.toNested() as number[][]).flat();
  });
}

function assertNear(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs(actual[i]! - value);
    assert.ok(distance <= tolerance * Math.max(1, Math.abs(value)), `${actual} is not ${expected}`);
  }
}

for (const run of fixture.runs) {
  const name = `decay ${run.weightDecay}, gradients ${run.clipNorm === null ? "as they are" : "shortened"}`;
  test(`weights after each step are torch.optim.SGD's: ${name}`, () => {
    for (const [step, weights] of train(run).entries()) assertNear(weights, run.weights[step]!);
  });
}

test("velocities taken from a checkpoint continue as if there had been none", () => {
  const run = fixture.runs[1]!;
  assert.deepEqual(train(run, { restartedAt: 3 }), train(run));
});

test("the polynomial schedule is nnU-Net's, after a warm-up where one is asked for", () => {
  const { rates } = fixture.runs[0]!;
  const schedule = { kind: "poly", peak: 0.1, totalSteps: rates.length, warmupSteps: 0 } as const;
  const own = rates.map((_, step) => learningRateAt(step, schedule));
  assertNear(own, rates, 1e-12);
  assert.equal(learningRateAt(rates.length, schedule), 0);
  assert.equal(learningRateAt(1, { ...schedule, warmupSteps: 4 }), 0.05);
});

test("a gradient that is no number moves nothing", () => {
  const w = tensor([1]).setRequiresGrad();
  const optimizer = new Sgd([{ parameters: [["w", w]], learningRateScale: 1, weightDecay: 0 }], { momentum: 0.99 });
  w.mul(Number.NaN).sum().backward();
  optimizer.step(1, gradientClip([w], 1));
  assert.equal(w.item(), 1);
});
