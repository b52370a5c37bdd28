/**
 * Which labels a store has: asked for, known from the data set, or told from the masks at its first ingest with some.
 *
 * Errors   `ERR_STORE_LABELS` when sources, or sources and store, do not go together.
 */

import { MedsslError, type RunListener } from "@medssl/contract";
import { decodeMaskScan, parseDicom, readImageBytes } from "@medssl/imaging";
import { type LabelRule, type MaskVote, ruleFromVotes, ruleOfLabels, voteOnMask } from "../label-rule.ts";
import type { StoreWriter } from "../store/store-writer.ts";
import { inOrder } from "./in-order.ts";
import type { Source } from "./list-sources.ts";
import { wholeNumbers } from "./read-labels.ts";
import { isDicom } from "./read-scans.ts";
import { readSegmentation } from "./segmentation-stub.ts";
import type { WorkPlan } from "./work-plan.ts";

/** Masks whose values are looked at, evenly spaced over all. */
const SAMPLED_MASKS = 2000;
const CONCURRENCY = 4;

/** @returns undefined when there are no masks, or the signal came. */
export async function agreeOnLabels(
  writer: StoreWriter,
  wanted: LabelRule | undefined,
  sources: readonly Source[],
  plan: WorkPlan,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<LabelRule | undefined> {
  if (plan.numMasked === 0 && wanted === undefined) return writer.labelRule;
  const known = sources
    .filter((_, i) => plan.hasMasks(i))
    .flatMap(({ facts, tally }) => (facts.labels ? [{ labels: facts.labels, tally }] : []));
  const [first, ...others] = known;
  if (first !== undefined) {
    const rule = ruleOfLabels(first.labels, wanted);
    const text = JSON.stringify(rule);
    const other = others.find(({ labels }) => JSON.stringify(ruleOfLabels(labels, wanted)) !== text);
    if (other !== undefined) {
      throw new MedsslError(
        "ERR_STORE_LABELS",
        `the masks of ${first.tally.path} and of ${other.tally.path} have different labels`,
        { hint: "Give each a store of its own, name the labels that both have with --labels, or use --no-masks." },
      );
    }
    writer.labelRule = rule;
  } else if (wanted !== undefined) writer.labelRule = wanted;
  else if (writer.labelRule === undefined) return tellFromMasks(writer, plan, listen, signal);
  return writer.labelRule;
}

async function tellFromMasks(
  writer: StoreWriter,
  plan: WorkPlan,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<LabelRule | undefined> {
  const masks = plan.sampleMasks(SAMPLED_MASKS);
  listen({ type: "note", level: "info", message: `reading the values of ${masks.length} of ${plan.numMasks} masks` });
  const votes: MaskVote[] = [];
  const names: string[] = [];
  for await (const vote of inOrder(masks, CONCURRENCY, readVote)) {
    if (signal?.aborted) return undefined;
    // A mask that cannot be read has no vote; it is quarantined when its turn comes.
    if (vote === undefined) continue;
    if ("segments" in vote) names.push(...vote.segments.filter((name) => !names.includes(name)));
    else votes.push(vote);
  }
  if (names.length > 0) {
    const labels = names.map((name, i) => ({ value: i + 1, name, fileValue: i + 1 }));
    writer.labelRule = { kind: "indexed", labels };
    return writer.labelRule;
  }
  const told = ruleFromVotes(votes);
  // Masks that are all empty or unreadable say nothing: the next ingest may.
  if (votes.some(({ kind }) => kind !== "none")) writer.labelRule = told;
  return told;
}

async function readVote(file: string): Promise<MaskVote | { readonly segments: readonly string[] } | undefined> {
  try {
    const bytes = await readImageBytes(file);
    if (isDicom(bytes, file)) {
      return { segments: readSegmentation(parseDicom(bytes, file)).segments.map(({ label }) => label) };
    }
    const { shape, data } = await decodeMaskScan(bytes, file);
    const [depth, height, width] = shape;
    return voteOnMask({ width, height: depth * height, channels: 1, data: wholeNumbers(data, file) });
  } catch (error) {
    if (error instanceof MedsslError) return undefined;
    throw error;
  }
}
