import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generatorState, manualSeed, ones, randn, scope, type Tensor, tensor, zeros } from "@medssl/torch";
import { alignment, chance, effectiveRank, top1, uniformity } from "./contrast-measures.ts";

const fixture = JSON.parse(readFileSync(new URL("./fixtures/contrast-health.json", import.meta.url), "utf8"));

function assertNear(actual: Tensor, expected: number, tolerance = 2e-6): void {
  assert.deepEqual(actual.shape, []);
  assert.equal(actual.requiresGrad, false);
  assert.ok(
    Math.abs(actual.item() - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual.item()} ${expected}`,
  );
}

test("every measure is numpy's, pair by pair (fixtures/make-contrast-health.py)", () => {
  scope(() => {
    const first = tensor(fixture.first).setRequiresGrad();
    const second = tensor(fixture.second);
    const isAnchor = tensor(fixture.is_anchor);
    const [positives, negatives] = [tensor(fixture.positives), tensor(fixture.hardest_negatives)];
    const cosines = first.mul(second).sum([1]);
    assertNear(alignment(cosines.mean()), fixture.alignment);
    assertNear(alignment(cosines.mul(isAnchor).sum().div(isAnchor.sum())), fixture.alignment_of_anchors);
    assertNear(uniformity(first), fixture.uniformity);
    assertNear(uniformity(first, 8), fixture.uniformity_of_every_third);
    assertNear(effectiveRank(first), fixture.effective_rank);
    assertNear(chance(tensor(fixture.loss), 24), fixture.chance);
    assertNear(chance(tensor(fixture.loss), tensor(24)), fixture.chance);
    assertNear(top1(positives, negatives), fixture.top1);
    assertNear(top1(positives, negatives, isAnchor), fixture.top1_of_anchors);
  });
});

test("collapsed rows show it in every measure, and no chance is used up", () => {
  scope(() => {
    manualSeed(3);
    const before = generatorState().toNested();
    const same = tensor([[0.6, 0.8, 0]]).expand([1000, 3]);
    assertNear(alignment(same.square().sum([1]).mean()), 0);
    assertNear(uniformity(same), 0);
    assertNear(effectiveRank(same), 1, 1e-4);
    assertNear(chance(tensor(Math.log(1000)), 1000), 1, 1e-4);
    assertNear(top1(ones([1000]), ones([1000])), 0);
    assert.deepEqual(generatorState().toNested(), before);
  });
});

test("rows that spread over a sphere have the rank of its dimensions and a uniformity near -4", () => {
  scope(() => {
    manualSeed(3);
    const rows = randn([4096, 64]);
    const spread = rows.div(rows.norm(1, true));
    assertNear(uniformity(spread), -4, 0.04);
    assertNear(effectiveRank(spread), 64, 0.05);
  });
});

test("without an anchor top-1 is 0", () => {
  scope(() => assertNear(top1(ones([4]), zeros([4]), zeros([4])), 0));
});
