/**
 * Which post-processing the labelled masks themselves justify, and which of it helps a network.
 *
 * Masks       as many parts as any mask has, where that is few and three masks or more say so; no part smaller than a tenth of the smallest that was drawn:
 *             few masks do not show the smallest there is, and a weak network finds only part of a structure; holes are filled where no mask has one.
 * Validation  where there are predictions for patients that were not learned from, a rule stays only if the mean Dice of
 *             its label is no lower with it, on top of those that stayed before.
 */
import type { LabelRule, PostProcessing } from "@medssl/contract";
import type { Label } from "@medssl/datasets";
import { findComponents, findHoles, type LabelVolume, postProcess } from "@medssl/imaging";

/** More parts than this are lesions or vessels, whose number says nothing of the next patient's. */
const MOST_PARTS = 4;
/** Masks that must show a structure before the number of its parts, and its holes, say anything of the next patient's. */
const FEWEST_MASKS = 3;
/** Of the smallest part that was drawn. */
const SMALLEST_SHARE = 0.1;

/** @param masks Whole volumes, or pictures, as they were labelled. */
export function rulesOfMasks(masks: Iterable<LabelVolume>, labels: readonly Pick<Label, "value">[]): PostProcessing {
  const seen = labels.map(({ value }) => ({
    value,
    masks: 0,
    parts: 0,
    smallest: Number.POSITIVE_INFINITY,
    hasHoles: false,
  }));
  for (const mask of masks) {
    const { values, sizes } = findComponents(mask, "structures");
    const holes = new Set(findHoles(mask).map(({ value }) => value));
    for (const label of seen) {
      const own = sizes.filter((_, part) => values[part] === label.value);
      if (own.length > 0) label.masks++;
      label.parts = Math.max(label.parts, own.length);
      label.smallest = own.reduce((smallest, size) => Math.min(smallest, size), label.smallest);
      label.hasHoles ||= holes.has(label.value);
    }
  }
  return seen
    .filter(({ parts }) => parts > 0)
    .map(({ value, masks, parts, smallest, hasHoles }) => ({
      value,
      largest: masks >= FEWEST_MASKS && parts <= MOST_PARTS ? parts : null,
      minimumSize: Math.ceil(smallest * SMALLEST_SHARE),
      fillHoles: masks >= FEWEST_MASKS && !hasHoles,
    }));
}

export interface ValidatedCase extends LabelVolume {
  /** What the network made of it, of the same shape. */
  readonly prediction: Uint8Array;
}

/** Those of the rules that do not lower the Dice; all of them where there is no case. */
export function keepWhatHelps(rules: PostProcessing, cases: readonly ValidatedCase[]): PostProcessing {
  if (cases.length === 0) return rules;
  return rules.flatMap((rule) => {
    let kept: LabelRule = { value: rule.value, largest: null, minimumSize: 0, fillHoles: false };
    let best = meanDice(cases, kept);
    for (const one of [{ largest: rule.largest }, { minimumSize: rule.minimumSize }, { fillHoles: rule.fillHoles }]) {
      const candidate = { ...kept, ...one };
      const dice = meanDice(cases, candidate);
      if (dice >= best) [kept, best] = [candidate, dice];
    }
    return kept.largest === null && kept.minimumSize <= 1 && !kept.fillHoles ? [] : [kept];
  });
}

/** Of the rule's label; cases in which neither map has it say nothing. */
function meanDice(cases: readonly ValidatedCase[], rule: LabelRule): number {
  const dices = cases.flatMap(({ labels, shape, prediction }) => {
    const processed = postProcess({ labels: prediction, shape }, [rule]);
    let [both, sum] = [0, 0];
    for (let i = 0; i < labels.length; i++) {
      const [inTruth, inPrediction] = [labels[i] === rule.value, processed[i] === rule.value];
      if (inTruth && inPrediction) both++;
      sum += Number(inTruth) + Number(inPrediction);
    }
    return sum === 0 ? [] : [(2 * both) / sum];
  });
  return dices.length === 0 ? 0 : dices.reduce((total, dice) => total + dice, 0) / dices.length;
}
