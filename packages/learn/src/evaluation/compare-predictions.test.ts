import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseLabels } from "@medssl/datasets";
import { type Vec3, writeLabelPng } from "@medssl/imaging";
import { testFolder } from "../testing/disc-store.ts";
import type { CompareMasksOptions } from "./compare-masks.ts";
import { comparePredictions } from "./compare-predictions.ts";

const dir = testFolder();
const LUNGS = [{ value: 1, name: "lungs" }];
const HEART = ["right ventricle", "myocardium"].map((name, i) => ({ value: i + 1, name }));

async function picture(path: string, values: readonly number[]): Promise<string> {
  const file = join(dir, path);
  mkdirSync(join(file, ".."), { recursive: true });
  await writeLabelPng(file, { width: values.length, height: 1, channels: 1, data: Uint8Array.from(values) });
  return file;
}

const compare = (
  masks: Readonly<Record<string, string>>,
  truth: string,
  labels: readonly { value: number; name: string }[],
  options: Partial<CompareMasksOptions> = {},
) =>
  comparePredictions(
    Object.entries(masks).map(([key, file]) => ({ key, file })),
    join(dir, truth),
    labels,
    { listen: () => {}, ...options },
  );

test("masks are measured by their images' paths, in the model's label, whatever value the truth has for it", async () => {
  const a = await picture("p/a.png", [1, 1, 0, 0]);
  const second = await picture("p/a-2.png", [1, 0, 0, 0]);
  await picture("t/one/a_mask.png", [255, 255, 0, 0]);
  await picture("t/two/a_mask.png", [255, 255, 0, 0]);
  await picture("t/unasked.png", [255, 0, 0, 0]);
  const { cases, problems } = await compare({ "one/a": a, "two/a": second }, "t", LUNGS);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [a, second].map((file) => cases.get(file)!.classes.map(({ label, dice }) => [label, dice])),
    [[["lungs", 1]], [["lungs", 2 / 3]]],
  );
});

test("of several labels the truth has the model's values, or those that are named", async () => {
  const mask = await picture("h/x.png", [1, 2, 2, 0]);
  await picture("same/x.png", [1, 2, 0, 0]);
  const dice = ({ cases }: Awaited<ReturnType<typeof compare>>) => cases.get(mask)?.classes.map((one) => one.dice);
  assert.deepEqual(dice(await compare({ x: mask }, "same", HEART)), [1, 2 / 3]);
  // One file may be given for one mask.
  assert.deepEqual(dice(await compare({ y: mask }, "same/x.png", HEART)), [1, 2 / 3]);
  await picture("others/x.png", [1, 3, 0, 0]);
  const { problems } = await compare({ x: mask }, "others", HEART);
  assert.match(problems[0]!.reason, /values that are no labels: 3/);
  const rule = parseLabels("right ventricle=1,myocardium=2+3");
  assert.deepEqual(dice(await compare({ x: mask }, "others", HEART, { rule })), [1, 2 / 3]);
});

test("distances of pictures have the spacing of the image that was segmented", async () => {
  const file = await picture("d/x.png", [1, 1, 1, 0, 0, 0]);
  await picture("dt/x.png", [1, 0, 0, 0, 0, 0]);
  const measured = async (truth: string, spacingMm?: Vec3) => {
    const masks = [{ key: "x", file, spacingMm }];
    const { cases } = await comparePredictions(masks, join(dir, truth), LUNGS, { listen: () => {} });
    const [score] = cases.get(file)!.classes;
    return { hd95Mm: score!.hd95Mm?.toFixed(6), nsd: score!.nsd };
  };
  // Of the surface of three pixels to the one, at 0, 1.5 and 3 mm, 95% lies within 2.85 mm; two of them within 2 mm.
  const inMm = { hd95Mm: "2.850000", nsd: 3 / 4 };
  assert.deepEqual(await measured("dt", [Number.NaN, 7, 1.5]), inMm);
  assert.deepEqual(await measured("dt/x.png", [Number.NaN, 7, 1.5]), inMm);
  assert.deepEqual(await measured("dt", [Number.NaN, Number.NaN, Number.NaN]), { hd95Mm: undefined, nsd: undefined });
});

test("a mask without truth is told of; truth that is not there is an error", async () => {
  const lonely = await picture("l/z.png", [1, 0]);
  await picture("one/b.png", [1, 0]);
  const { problems } = await compare({ z: lonely }, "one", LUNGS);
  assert.match(problems[0]!.reason, /this prediction has no reference of its name/);
  await assert.rejects(compare({ z: lonely }, "nowhere", LUNGS), { code: "ERR_MASKS_MISSING" });
  const many = { z: lonely, y: lonely };
  await assert.rejects(compare(many, "one/b.png", LUNGS), { message: /cannot be the truth of 2 images/ });
});
