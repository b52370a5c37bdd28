/**
 * What the values of mask files mean. A store has one set of labels; each of its sources has a rule for them: its data
 * set's, the one named with `--labels`, or one told from the masks.
 *
 * Binary   one label. A mask of {0, 255}, {0, 1} or, in 16 bits, {0, 65535} shows it. A mask with values between, when
 *          these lie only where 0 meets 255 (anti-aliased edges, JPEG), is cut at 128.
 * Indexed  several labels, each with the value that files use for it; stored indices are 1..K in the rule's order.
 * Else     the mask is refused with `ERR_MASK_VALUES`: a guess would train a model on something else.
 */

import { MedsslError } from "@medssl/contract";
import type { Image, LabelImage } from "@medssl/imaging";
import type { Label } from "./store/store.ts";

/** A label and the value that mask files use for it. */
export interface FileLabel extends Label {
  readonly fileValue: number;
  /** Other values that files use for it, by mistake: 421 for MM-WHS's 420. */
  readonly aliases?: readonly number[];
}

export interface LabelRule {
  readonly kind: "binary" | "indexed";
  readonly labels: readonly FileLabel[];
  /** Values that files use for structures that are not wanted: they become background. */
  readonly background?: readonly number[];
  /** The user has chosen the labels: structures that a file gives other names become background. */
  readonly ignoresOthers?: boolean;
}

/**
 * The rule of a data set whose labels are known.
 *
 * @param wanted The user's choice among them, by name or by value; the others become background. A data set of one label
 * gets the wanted name, whatever it calls it.
 */
export function ruleOfLabels(known: readonly FileLabel[], wanted?: LabelRule): LabelRule {
  if (wanted === undefined) return ruleOf(known);
  if (known.length === 1 && wanted.labels.length === 1) {
    return { ...ruleOf([{ ...known[0]!, value: 1, name: wanted.labels[0]!.name }]), ignoresOthers: true };
  }
  const labels = wanted.labels.map((label) => {
    const same = known.find(({ name }) => name.toLowerCase() === label.name.toLowerCase());
    const asked = same === undefined ? valuesOfLabel(label) : valuesOfLabel(same);
    const all = known.filter((one) => asked.includes(one.fileValue)).flatMap(valuesOfLabel);
    const [fileValue, ...aliases] = new Set([...asked, ...all]);
    return { value: label.value, name: label.name, fileValue: fileValue!, ...(aliases.length > 0 ? { aliases } : {}) };
  });
  const chosen = new Set(labels.flatMap(valuesOfLabel));
  const background = known.flatMap(valuesOfLabel).filter((value) => !chosen.has(value));
  return { kind: "indexed", labels, background, ignoresOthers: true };
}

const valuesOfLabel = ({ fileValue, aliases = [] }: FileLabel): number[] => [fileValue, ...aliases];

function ruleOf(labels: readonly FileLabel[]): LabelRule {
  const [{ fileValue, aliases } = { fileValue: 0 }] = labels;
  const isBinary = labels.length === 1 && aliases === undefined && [1, 255, 65535].includes(fileValue);
  return { kind: isBinary ? "binary" : "indexed", labels };
}

/** Masks of small whole numbers are taken for label indices up to this; larger ones must be named. */
const LARGEST_TOLD_LABEL = 31;
/** Off-values of a near-binary mask this close to 0 or 255 may be JPEG's ringing, which stays within its 8x8 block. */
const RINGING_MARGIN = 32;
const RINGING_RADIUS = 7;
const BLUR_RADIUS = 2;
const MIN_EDGE_SHARE = 0.95;
/** A value that makes up more of the off-values than this is a class of its own, not an edge. */
const MAX_SINGLE_VALUE_SHARE = 0.5;

/**
 * Reads `--labels`: `lungs=255`, `rv=1,myocardium=2,lv=3`, or `lungs=1+2` for two values that are one label; without
 * values the names stand for 1, 2, 3, ...
 *
 * @throws {MedsslError} `ERR_LABELS`
 */
export function parseLabels(text: string): LabelRule {
  const labels = text.split(",").map((part, i): FileLabel => {
    const [name = "", values = String(i + 1), ...rest] = part.split("=").map((word) => word.trim());
    if (
      name === "" ||
      rest.length > 0 ||
      !/^\d+(?:\+\d+)*$/.test(values) ||
      values.split("+").map(Number).includes(0)
    ) {
      throw new MedsslError("ERR_LABELS", `--labels: expected NAME=VALUE with a value above 0, got "${part}"`, {
        hint: "For example --labels lungs=255, --labels rv=1,myocardium=2,lv=3 or --labels lungs=1+2. 0 is the background.",
      });
    }
    const [fileValue, ...aliases] = values.split("+").map(Number);
    return { value: i + 1, name, fileValue: fileValue!, ...(aliases.length > 0 ? { aliases } : {}) };
  });
  const repeats = (list: readonly unknown[]) => new Set(list).size < list.length;
  const repeated = repeats(labels.map(({ name }) => name)) ? "name" : repeats(labels.flatMap(valuesOfLabel)) && "value";
  if (repeated) throw new MedsslError("ERR_LABELS", `--labels: the same ${repeated} twice in "${text}"`);
  return { ...ruleOf(labels), ignoresOthers: true };
}

/** What one mask speaks for, where the labels are not named. */
export interface MaskVote {
  readonly kind: LabelRule["kind"] | "none";
  readonly largest: number;
}

export function voteOnMask(mask: Image): MaskVote {
  const values = valuesOf(mask);
  const largest = values.at(-1)!;
  if (largest > 1 && largest <= LARGEST_TOLD_LABEL) return { kind: "indexed", largest };
  const isBinary = largest > 0 && (isTwoValued(values) || isAntialiased(mask));
  return { kind: isBinary ? "binary" : "none", largest };
}

/** The rule that most masks speak for; binary when none says anything. */
export function ruleFromVotes(votes: readonly MaskVote[]): LabelRule {
  const indexed = votes.filter(({ kind }) => kind === "indexed");
  if (indexed.length > 0 && indexed.length >= votes.filter(({ largest }) => largest > LARGEST_TOLD_LABEL).length) {
    const count = indexed.reduce((most, { largest }) => Math.max(most, largest), 0);
    const labels = Array.from({ length: count }, (_, i) => ({
      value: i + 1,
      name: `label ${i + 1}`,
      fileValue: i + 1,
    }));
    return { kind: "indexed", labels };
  }
  return { kind: "binary", labels: [{ value: 1, name: "foreground", fileValue: 255 }] };
}

export interface ReadLabels {
  readonly labels: LabelImage;
  /** Whether values between background and label were cut at one half. */
  readonly isThresholded: boolean;
}

/**
 * Turns raw mask values into label indices.
 *
 * @throws {MedsslError} `ERR_MASK_VALUES` when the mask has values that the rule does not name.
 */
export function applyLabelRule(mask: Image, rule: LabelRule, name: string): ReadLabels {
  const values = valuesOf(mask);
  const indices = new Map([0, ...(rule.background ?? [])].map((value) => [value, 0]));
  for (const label of rule.labels) {
    for (const one of valuesOfLabel(label)) indices.set(one, label.value);
  }
  if (values.every((value) => indices.has(value))) return relabel(mask, (value) => indices.get(value)!);
  if (rule.kind === "binary") {
    if (isTwoValued(values)) return relabel(mask, (value) => (value > 0 ? 1 : 0));
    if (isAntialiased(mask)) return { ...relabel(mask, (value) => (value >= 128 ? 1 : 0)), isThresholded: true };
  }
  const strange = values.filter((value) => !indices.has(value));
  const shown = strange.slice(0, 5).join(", ") + (strange.length > 5 ? `, ... (${strange.length} values)` : "");
  const known = rule.labels.map((label) => `${label.fileValue} ${label.name}`).join(", ");
  throw new MedsslError("ERR_MASK_VALUES", `${name}: values that are no labels: ${shown}; labels are ${known}`, {
    hint: "Name the values with --labels NAME=VALUE,... in a new store, or mend the mask.",
  });
}

function relabel({ width, height, data }: Image, indexOf: (value: number) => number): ReadLabels {
  return { labels: { width, height, channels: 1, data: Uint8Array.from(data, indexOf) }, isThresholded: false };
}

/** The distinct values, ascending. */
function valuesOf({ data }: Image): number[] {
  const isPresent = new Uint8Array(data instanceof Uint8Array ? 256 : 65536);
  for (const value of data) isPresent[value] = 1;
  const values: number[] = [];
  for (const [value, present] of isPresent.entries()) if (present === 1) values.push(value);
  return values;
}

/** Background and one of the values that programs write for "true". */
function isTwoValued(values: readonly number[]): boolean {
  const foreground = values.filter((value) => value > 0);
  return foreground.length <= 1 && foreground.every((value) => [1, 255, 65535].includes(value));
}

/** Whether an 8-bit mask is 0 and 255 but for its edges: many other values, none of them far from an edge. */
function isAntialiased({ width, height, data }: Image): boolean {
  if (!(data instanceof Uint8Array) || !data.includes(255)) return false;
  const counts = new Uint32Array(256);
  let numOff = 0;
  let numAtEdge = 0;
  for (const [i, value] of data.entries()) {
    if (value === 0 || value === 255) continue;
    counts[value]! += 1;
    numOff += 1;
    const isRinging = value < RINGING_MARGIN || value >= 256 - RINGING_MARGIN;
    if (isAtEdge(data, width, height, i, isRinging ? RINGING_RADIUS : BLUR_RADIUS)) numAtEdge += 1;
  }
  return numAtEdge >= numOff * MIN_EDGE_SHARE && Math.max(...counts) <= numOff * MAX_SINGLE_VALUE_SHARE;
}

/** Whether both a dark and a bright pixel lie within the radius. */
function isAtEdge(data: Uint8Array, width: number, height: number, i: number, radius: number): boolean {
  const x = i % width;
  const y = Math.floor(i / width);
  let hasDark = false;
  let hasBright = false;
  for (let row = Math.max(y - radius, 0); row <= Math.min(y + radius, height - 1); row++) {
    for (let column = Math.max(x - radius, 0); column <= Math.min(x + radius, width - 1); column++) {
      const value = data[row * width + column]!;
      hasDark ||= value < 64;
      hasBright ||= value >= 192;
    }
  }
  return hasDark && hasBright;
}
