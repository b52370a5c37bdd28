/**
 * Which post-processing the labelled masks themselves justify, and which of it helps a network.
 *
 * Masks       as many parts as nearly all masks have, where that is few and three masks or more say so; no part smaller
 *             than a tenth of the smallest that nearly all masks have: masks do not show the smallest there is, and a weak
 *             network finds only part of a structure; holes are filled where hardly a mask has one.
 * Noise       people draw specks and leave holes by mistake. The smallest parts of a label that make up less than half a
 *             percent of it in a mask are not counted there, nor are such holes, nor what one mask in twenty has. Where
 *             parts are many, as of vessels and lesions, the smallest are as real as the others, and each counts.
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
/** Of a label in one mask: specks and holes that together are less are noise of the drawing. */
const NOISE_SHARE = 0.005;
/** Of the masks: what fewer have is an exception. */
const NEARLY_ALL = 0.95;

/** A label in one mask. */
interface DrawnLabel {
  /** But for specks. */
  readonly numParts: number;
  /** Voxels of the smallest part that is no speck, and of the smallest of all. */
  readonly smallest: number;
  readonly smallestSpeck: number;
  readonly hasHoles: boolean;
}

/** @param masks Whole volumes, or pictures, as they were labelled. */
export function rulesOfMasks(masks: Iterable<LabelVolume>, labels: readonly Pick<Label, "value">[]): PostProcessing {
  const seen = labels.map(({ value }) => ({ value, drawn: [] as DrawnLabel[] }));
  for (const mask of masks) {
    const { values, sizes } = findComponents(mask, "structures");
    const holes = findHoles(mask);
    for (const { value, drawn } of seen) {
      const parts = sizes.filter((_, part) => values[part] === value).sort();
      const inHoles = holes.reduce((sum, hole) => sum + (hole.value === value ? hole.size : 0), 0);
      if (parts.length > 0) drawn.push(drawnLabel(parts, inHoles));
    }
  }
  return seen.filter(({ drawn }) => drawn.length > 0).map(({ value, drawn }) => ruleOf(value, drawn));
}

/** @param parts Their sizes, smallest first. */
function drawnLabel(parts: Int32Array, inHoles: number): DrawnLabel {
  const noise = NOISE_SHARE * parts.reduce((sum, size) => sum + size, 0);
  let [numSpecks, inSpecks] = [0, 0];
  while (inSpecks + parts[numSpecks]! < noise) inSpecks += parts[numSpecks++]!;
  return {
    numParts: parts.length - numSpecks,
    smallest: parts[numSpecks]!,
    smallestSpeck: parts[0]!,
    hasHoles: inHoles >= noise,
  };
}

function ruleOf(value: number, drawn: readonly DrawnLabel[]): LabelRule {
  const isShown = drawn.length >= FEWEST_MASKS;
  const numParts = mostOf(drawn.map((one) => one.numParts));
  const largest = isShown && numParts <= MOST_PARTS ? numParts : null;
  const smallest =
    largest === null
      ? drawn.reduce((least, { smallestSpeck }) => Math.min(least, smallestSpeck), Number.POSITIVE_INFINITY)
      : -mostOf(drawn.map((one) => -one.smallest));
  const hasHoles = mostOf(drawn.map((one) => Number(one.hasHoles))) > 0;
  return { value, largest, minimumSize: Math.ceil(smallest * SMALLEST_SHARE), fillHoles: isShown && !hasHoles };
}

/** What nearly all of the numbers do not exceed. */
function mostOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(NEARLY_ALL * numbers.length) - 1]!;
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
