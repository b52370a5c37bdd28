/**
 * Which labels a store has: asked for, known from the data set, or told from the masks at its first ingest with some.
 *
 * Errors   `ERR_STORE_LABELS` when sources, or sources and store, do not go together.
 */

import { MedsslError, type RunListener } from "@medssl/contract";
import { decodeMaskScan, parseDicom, readImageBytes, readSegmentation } from "@medssl/imaging";
import { type LabelRule, type MaskVote, ruleFromVotes, ruleOfLabels, voteOnMask } from "../label-rule.ts";
import type { StoreWriter } from "../store/store-writer.ts";
import { inOrder } from "./in-order.ts";
import type { Source } from "./list-sources.ts";
import { segmentNames, wholeNumbers } from "./read-labels.ts";
import { isDicom } from "./read-scans.ts";
import type { WorkPlan } from "./work-plan.ts";

/** Masks whose values are looked at, evenly spaced over all. */
const SAMPLED_MASKS = 2000;
const CONCURRENCY = 4;

/** The setting of a store that holds the rule of sources whose labels nobody knows: the next ingest reads by it too. */
const TOLD_RULE = "told rule";

/** @returns The rule of each source; undefined for one without masks. Nothing when the signal came. */
export async function agreeOnLabels(
  writer: StoreWriter,
  wanted: LabelRule | undefined,
  sources: readonly Source[],
  plan: WorkPlan,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<(LabelRule | undefined)[]> {
  if (wanted !== undefined) writer.agreeOnLabels(wanted.labels, "--labels");
  let told = wanted ?? writer.catalog.setting<LabelRule>(TOLD_RULE);
  const rules: (LabelRule | undefined)[] = [];
  for (const [i, { facts, tally }] of sources.entries()) {
    if (!plan.hasMasks(i)) rules.push(undefined);
    else if (facts.labels !== undefined) {
      const rule = ruleOfLabels(facts.labels, wanted);
      writer.agreeOnLabels(rule.labels, tally.path);
      rules.push(rule);
    } else {
      const votes = told === undefined ? await countVotes(plan, listen, signal) : undefined;
      if (signal?.aborted) return [];
      told ??= votes!.rule;
      // Masks that are all empty or unreadable say nothing: the next ingest may.
      if (votes?.isSure !== false) {
        writer.agreeOnLabels(told.labels, tally.path);
        writer.catalog.saveSetting(TOLD_RULE, told);
      }
      rules.push(told);
    }
  }
  return rules;
}

async function countVotes(
  plan: WorkPlan,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<{ rule: LabelRule; isSure: boolean }> {
  const masks = plan.sampleMasks(SAMPLED_MASKS);
  listen({ type: "note", level: "info", message: `reading the values of ${masks.length} of ${plan.numMasks} masks` });
  const votes: MaskVote[] = [];
  const names: string[] = [];
  for await (const vote of inOrder(masks, CONCURRENCY, readVote)) {
    if (signal?.aborted) break;
    // A mask that cannot be read has no vote; it is quarantined when its turn comes.
    if (vote === undefined) continue;
    if ("segments" in vote) names.push(...vote.segments.filter((name) => !names.includes(name)));
    else votes.push(vote);
  }
  if (names.length > 0) {
    const labels = names.map((name, i) => ({ value: i + 1, name, fileValue: i + 1 }));
    return { rule: { kind: "indexed", labels }, isSure: true };
  }
  return { rule: ruleFromVotes(votes), isSure: votes.some(({ kind }) => kind !== "none") };
}

async function readVote(file: string): Promise<MaskVote | { readonly segments: readonly string[] } | undefined> {
  try {
    const bytes = await readImageBytes(file);
    if (isDicom(bytes, file)) {
      return { segments: segmentNames(await readSegmentation(parseDicom(bytes, file))) };
    }
    const { shape, data } = await decodeMaskScan(bytes, file);
    const [depth, height, width] = shape;
    return voteOnMask({ width, height: depth * height, channels: 1, data: wholeNumbers(data, file) });
  } catch (error) {
    if (error instanceof MedsslError) return undefined;
    throw error;
  }
}
