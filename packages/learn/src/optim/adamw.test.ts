import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, randn, scope, tensor } from "@medssl/torch";
import { AdamW, gradientClip } from "./adamw.ts";
import { decayGroups, layerDecayGroups } from "./parameter-groups.ts";
import { learningRateAt } from "./schedule.ts";

test("a step follows Loshchilov and Hutter's formula", () => {
  // w = 1, gradient 0.5, lr 0.1, betas .9/.95, decay .05; by hand:
  // w (1 - lr * decay) - lr * mhat / (sqrt(vhat) + eps) = 0.995 - 0.1 * 0.5 / 0.5 = 0.895
  const w = tensor([1]).setRequiresGrad();
  const optimizer = new AdamW([{ parameters: [["w", w]], learningRateScale: 1, weightDecay: 0.05 }], {
    betas: [0.9, 0.95],
  });
  w.mul(0.5).sum().backward();
  optimizer.step(0.1);
  assert.ok(Math.abs(w.item() - 0.895) < 1e-6, `${w.item()}`);
  // Second step, gradient -0.25: m = .9*.05 + .1*(-.25) = .02, mhat = .02/.19; v = .95*.0125 + .05*.0625 = .015, vhat = .015/.0975
  w.mul(-0.25).sum().backward();
  optimizer.step(0.1);
  const expected = 0.895 * 0.995 - (0.1 * (0.02 / 0.19)) / (Math.sqrt(0.015 / 0.0975) + 1e-8);
  assert.ok(Math.abs(w.item() - expected) < 1e-6, `${w.item()} ${expected}`);
  assert.equal(w.grad, undefined);
});

test("moments taken from a checkpoint continue as if there had been none", () => {
  const make = () => {
    manualSeed(4);
    const w = randn([3, 2]).setRequiresGrad();
    return { w, optimizer: new AdamW(decayGroups([["w", w]], 0.1), { betas: [0.9, 0.95] }) };
  };
  const train = ({ w, optimizer }: ReturnType<typeof make>, steps: number) => {
    for (let i = 0; i < steps; i++) {
      scope(() => w.square().sum().backward());
      optimizer.step(0.01);
    }
  };
  const whole = make();
  train(whole, 6);
  const first = make();
  train(first, 3);
  const second = make();
  const states = new Map(first.optimizer.stateTensors());
  for (const [name, own] of second.optimizer.stateTensors()) own.copy_(states.get(name)!);
  second.w.detach().copy_(first.w.detach());
  train(second, 3);
  assert.deepEqual(second.w.toNested(), whole.w.toNested());
});

test("gradients longer than allowed are shortened together, and one that is no number moves nothing", () => {
  const moved = (gradients: readonly [number, number], maxNorm: number) => {
    const [a, b] = [tensor([1]).setRequiresGrad(), tensor([1]).setRequiresGrad()];
    a.mul(gradients[0]).add(b.mul(gradients[1])).sum().backward();
    const parameters = [["a", a] as const, ["b", b] as const];
    const optimizer = new AdamW([{ parameters, learningRateScale: 1, weightDecay: 0 }], { betas: [0, 0], epsilon: 1 });
    const clip = gradientClip([a, b], maxNorm);
    optimizer.step(1, clip);
    return [clip.norm.item(), 1 - a.item(), 1 - b.item()];
  };
  // With these betas a step is g / (|g| + 1).
  const expect = (actual: number[], expected: number[]) =>
    assert.ok(
      actual.every((value, i) => Math.abs(value - expected[i]!) < 1e-5),
      `${actual} is not ${expected}`,
    );
  expect(moved([3, 4], 1), [5, 0.6 / 1.6, 0.8 / 1.8]);
  expect(moved([3, 4], 10), [5, 3 / 4, 4 / 5]);
  assert.deepEqual(moved([Number.NaN, 4], 1).slice(1), [0, 0]);
  assert.deepEqual(moved([Number.POSITIVE_INFINITY, 4], 1).slice(1), [0, 0]);
});

test("the learning rate rises, then falls to zero along a cosine", () => {
  const schedule = { peak: 1, totalSteps: 110, warmupSteps: 10 };
  assert.equal(learningRateAt(0, schedule), 0.1);
  assert.equal(learningRateAt(9, schedule), 1);
  assert.equal(learningRateAt(60, schedule), 0.5);
  assert.ok(learningRateAt(109, schedule) < 0.001);
});

test("blocks further down learn slower, biases and tokens do not decay", () => {
  const parameters = [
    "patch_embed.proj.weight",
    "blocks.0.mlp.fc1.weight",
    "blocks.5.mlp.fc1.weight",
    "blocks.5.norm1.bias",
  ].map((name) => [name, randn(name.endsWith("bias") ? [4] : [4, 4])] as const);
  const groups = layerDecayGroups(parameters, { depth: 6, layerDecay: 0.8, scale: 0.5, weightDecay: 0.05 });
  const of = (name: string) => groups.find((group) => group.parameters.some(([key]) => key === name))!;
  assert.equal(of("blocks.5.mlp.fc1.weight").learningRateScale, 0.5);
  assert.ok(Math.abs(of("blocks.0.mlp.fc1.weight").learningRateScale - 0.5 * 0.8 ** 5) < 1e-12);
  assert.ok(Math.abs(of("patch_embed.proj.weight").learningRateScale - 0.5 * 0.8 ** 6) < 1e-12);
  assert.equal(of("blocks.5.norm1.bias").weightDecay, 0);
  assert.equal(of("blocks.5.mlp.fc1.weight").weightDecay, 0.05);
});
