import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeMaskScan, type Image } from "@medssl/imaging";
import { applyLabelRule, type LabelRule, parseLabels, ruleFromVotes, ruleOfLabels, voteOnMask } from "./label-rule.ts";

async function fixture(name: string): Promise<Image> {
  const { shape, data } = await decodeMaskScan(readFileSync(join(import.meta.dirname, "fixtures", name)), name);
  return { width: shape[2], height: shape[1], channels: 1, data: data as Uint8Array };
}
const row = (...values: number[]): Image<Uint8Array> => ({
  width: values.length,
  height: 1,
  channels: 1,
  data: Uint8Array.from(values),
});
const labelsOf = (mask: Image, rule: LabelRule) => [...applyLabelRule(mask, rule, "m.png").labels.data];
const lungs = parseLabels("lungs=255");
const heart = parseLabels("rv=1, myo=2, lv=3");

test("--labels names values; without values the names stand for 1, 2, 3", () => {
  const label = { value: 1, name: "lungs", fileValue: 255 };
  assert.deepEqual(lungs, { kind: "binary", labels: [label], ignoresOthers: true });
  assert.deepEqual(parseLabels("rv,myo,lv"), heart);
  assert.deepEqual(
    parseLabels("la=420,lv=500").labels.map(({ value, fileValue }) => [value, fileValue]),
    [
      [1, 420],
      [2, 500],
    ],
  );
  for (const wrong of ["", "a=", "a=x", "a=0", "a=1=2", "a=1,a=2", "a=1,b=1", "a=-3"]) {
    assert.throws(() => parseLabels(wrong), { code: "ERR_LABELS" }, wrong);
  }
});

test("one label is read from 0 and 255 as from 0 and 1; several by their values", () => {
  assert.deepEqual(labelsOf(row(0, 255, 255), lungs), [0, 1, 1]);
  assert.deepEqual(labelsOf(row(0, 1, 0), lungs), [0, 1, 0]);
  assert.deepEqual(labelsOf(row(0, 0), lungs), [0, 0]);
  const deep: Image = { width: 2, height: 1, channels: 1, data: Uint16Array.of(0, 65535) };
  assert.deepEqual(labelsOf(deep, lungs), [0, 1]);
  assert.deepEqual(labelsOf(row(0, 3, 1), heart), [0, 3, 1]);
  assert.deepEqual(labelsOf(row(0, 85, 0), parseLabels("tumor=85")), [0, 1, 0]);
});

test("values that are no labels are refused with their list", () => {
  const refused = (mask: Image, rule: LabelRule, message: RegExp) =>
    assert.throws(() => applyLabelRule(mask, rule, "m.png"), { code: "ERR_MASK_VALUES", message });
  refused(row(0, 255), heart, /^m\.png: values that are no labels: 255; labels are 1 rv, 2 myo, 3 lv$/);
  refused(row(0, 1, 2, 3, 4), heart, /no labels: 4;/);
  refused(row(0, 200), lungs, /no labels: 200;/);
  refused(row(0, 1), parseLabels("tumor=85"), /no labels: 1;/);
  refused(row(...Array.from({ length: 200 }, (_, i) => i)), lungs, /no labels: 1, 2, 3, 4, 5, \.\.\. \(199 values\)/);
});

test("soft and JPEG masks of one label are cut at 128", async () => {
  const hard = labelsOf(await fixture("hard-mask.png"), lungs);
  for (const name of ["soft-mask.png", "jpeg-mask.jpg"]) {
    const { labels, isThresholded } = applyLabelRule(await fixture(name), lungs, name);
    assert.equal(isThresholded, true);
    const numDifferent = hard.filter((label, i) => label !== labels.data[i]).length;
    assert.ok(numDifferent < 40, `${name}: ${numDifferent} of 4096 pixels differ`);
  }
  assert.equal(applyLabelRule(await fixture("hard-mask.png"), lungs, "hard").isThresholded, false);
});

test("classes between 0 and 255 are not taken for soft edges", async () => {
  const { width, height, data } = await fixture("hard-mask.png");
  const ring = (inner: number, ringValue: number, radius: number) => ({
    width,
    height,
    channels: 1 as const,
    data: Uint8Array.from(data, (value, i) => {
      const distance = Math.hypot((i % width) - 22, Math.floor(i / width) - 30);
      return value === 0 ? 0 : distance < radius ? inner : ringValue;
    }),
  });
  // A muscle around a cavity as grey levels, and labels 1 and 2 with 255 for "ignore".
  for (const mask of [ring(255, 128, 11), ring(1, 255, 11), ring(2, 255, 12)]) {
    assert.throws(() => applyLabelRule(mask, lungs, "ring"), { code: "ERR_MASK_VALUES" });
  }
});

test("a photograph given as a mask is refused", () => {
  const size = 48;
  const waves = Array.from({ length: size * size }, (_, i) => 128 + 200 * Math.sin(i / 9) * Math.cos(i / (7 * size)));
  const data = Uint8Array.from(Uint8ClampedArray.from(waves));
  assert.ok(data.includes(0) && data.includes(255));
  const photograph: Image = { width: size, height: size, channels: 1, data };
  assert.throws(() => applyLabelRule(photograph, lungs, "photograph"), { code: "ERR_MASK_VALUES" });
});

test("masks tell the rule: most of them decide, whichever comes first", () => {
  const told = (...masks: Image[]) => ruleFromVotes(masks.map(voteOnMask));
  const binary = { kind: "binary", labels: [{ value: 1, name: "foreground", fileValue: 255 }] };
  assert.deepEqual(told(row(0, 255), row(0, 255)), binary);
  assert.deepEqual(told(row(0, 1), row(0, 0)), binary);
  assert.deepEqual(told(), binary);
  assert.deepEqual(told(row(0, 1), row(0, 2), row(3, 0)).labels.length, 3);
  assert.deepEqual(told(row(0, 255), row(0, 2), row(1, 2)).labels.length, 2);
  assert.deepEqual(told(row(0, 2), row(0, 255), row(0, 255)), binary);
});

test("two values can be one label; what a data set knows beside the wanted labels becomes background", () => {
  const known = ["left lung", "right lung", "heart"].map((name, i) => ({ value: i + 1, name, fileValue: i + 1 }));
  const rule = ruleOfLabels(known, parseLabels("lungs=1+2"));
  assert.deepEqual(labelsOf(row(0, 1, 2, 3), rule), [0, 1, 1, 0]);
  assert.deepEqual(labelsOf(row(0, 1, 2, 3), ruleOfLabels(known, parseLabels("heart"))), [0, 0, 0, 1]);
  assert.deepEqual(labelsOf(row(0, 1, 2, 3), ruleOfLabels(known)), [0, 1, 2, 3]);
  const single = ruleOfLabels([{ value: 1, name: "lungs", fileValue: 255 }], parseLabels("chest=1"));
  assert.deepEqual([single.labels[0]?.name, labelsOf(row(0, 255), single)], ["chest", [0, 1]]);
});

test("a value that some files use by mistake is the label that was meant", () => {
  const known = [420, 500].map((fileValue, i) => ({ value: i + 1, name: `c${fileValue}`, fileValue }));
  const withAlias = [{ ...known[0]!, aliases: [421] }, known[1]!];
  const mask: Image = { width: 4, height: 1, channels: 1, data: Uint16Array.of(0, 420, 421, 500) };
  assert.deepEqual(labelsOf(mask, ruleOfLabels(withAlias)), [0, 1, 1, 2]);
  assert.deepEqual(labelsOf(mask, ruleOfLabels(withAlias, parseLabels("left atrium=420"))), [0, 1, 1, 0]);
});
