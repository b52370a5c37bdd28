import assert from "node:assert/strict";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { brokenRule, fuzz, MAX_RSS_BYTES } from "../scripts/fuzz/fuzz.ts";
import type { Mutant } from "../scripts/fuzz/mutations.ts";
import { fixtureSeeds } from "../scripts/fuzz/seeds.ts";

test("140 damaged files of every format break no rule of the readers", async () => {
  const { counts, violations, maxRssBytes } = await fuzz(fixtureSeeds(), 140, 1);
  assert.deepEqual(violations, []);
  assert.ok(maxRssBytes < MAX_RSS_BYTES);
  const formats = Object.keys(counts).sort();
  assert.deepEqual(formats, ["DICOM", "JPEG", "NIfTI", "NIfTI gz", "PNG", "TIFF", "others"]);
  const outcomes = new Set(Object.values(counts).flatMap(Object.keys));
  assert.ok(outcomes.has("read") && outcomes.has("ERR_IMAGE_CORRUPT") && outcomes.has("ERR_DICOM_CORRUPT"));
});

test("the same seed gives the same outcomes", async () => {
  const seeds = fixtureSeeds().filter(({ format }) => format === "JPEG" || format === "TIFF");
  assert.deepEqual((await fuzz(seeds, 40, 7)).counts, (await fuzz(seeds, 40, 7)).counts);
});

test("what would break a rule is told", () => {
  const seed = fixtureSeeds().find(({ name }) => name === "gray8.png")!;
  const mutant = (kind: string): Mutant => ({ seed, kind, bytes: seed.bytes });
  const whole = { shape: [1, 37, 53], channels: 1, numValues: 37 * 53, hash: "whole" };
  const rule = (kind: string, outcome: Parameters<typeof brokenRule>[1]) => brokenRule(mutant(kind), outcome, whole);

  assert.equal(rule("cut", whole), undefined);
  assert.equal(rule("cut", { ...whole, hash: "other" }), "cut, and read as if it were whole");
  assert.equal(rule("bit flipped", { ...whole, hash: "other" }), undefined);
  assert.match(rule("bit flipped", { ...whole, shape: [1, 53, 37] })!, /shape 1,53,37, but the header says 1,37,53/);
  assert.match(rule("bit flipped", { ...whole, numValues: 12 })!, /12 values of shape 1,37,53 x 1/);
  assert.equal(rule("cut", new MedsslError("ERR_IMAGE_CORRUPT", "gray8.png: it ends early")), undefined);
  assert.match(rule("cut", new MedsslError("ERR_TIME_LIMIT", "gray8.png: not read within 20 s"))!, /not read within/);
  assert.match(rule("cut", new MedsslError("ERR_WORKER_DIED", "gray8.png: it died"))!, /died/);
  assert.match(rule("cut", new RangeError("out of bounds"))!, /^a bug: RangeError: out of bounds/);
});
