import assert from "node:assert/strict";
import { test } from "node:test";
import type { Label } from "@medssl/datasets";
import { balancedWeights } from "./label-pixels.ts";
import { labelRoles } from "./label-roles.ts";

const labels = (...names: string[]): Label[] => names.map((name, i) => ({ name, value: i + 1 }));

test("a label called ignore is no class, and is the last", () => {
  assert.deepEqual(labelRoles(labels("lung", "heart")), { classes: labels("lung", "heart"), ignoredValue: undefined });
  assert.deepEqual(labelRoles(labels("lung", "ignore")), { classes: labels("lung"), ignoredValue: 2 });
  for (const wrong of [labels("ignore", "lung"), labels("ignore")]) {
    assert.throws(() => labelRoles(wrong), { code: "ERR_LABELS_IGNORE", hint: /ignore=255/ });
  }
});

test("rare classes weigh more, by the root of their rarity; an absent one as the rarest; 1 on average", () => {
  const [background, common, rare, absent] = balancedWeights([9000, 900, 100, 0]).toNested() as number[];
  assert.ok(Math.abs(rare! / background! - Math.sqrt(90)) < 1e-4);
  assert.ok(Math.abs(rare! / common! - 3) < 1e-4);
  assert.equal(absent, rare);
  assert.ok(Math.abs(background! + common! + rare! + absent! - 4) < 1e-4);
});
