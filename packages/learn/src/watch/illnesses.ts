/**
 * The ways in which pre-training goes wrong without stopping: how each is told from the curves, and what to do about it.
 *
 * Curves      means of blocks of steps (metric-blocks.ts), so that one bad batch is no illness.
 * Contrast    `acl`, `simclr` and the like have metrics that begin with their name: `aclRank`, `aclChance`, ... They are
 *             judged once they had time to learn. What is wrong with one is said by its first cause: without anchors nothing
 *             else matters, and a collapsed contrast cannot do better than guess.
 * Thresholds  from the runs of docs/results.md and their prototype, healthy and ill; far from what healthy runs show.
 */
import { numberText } from "./expected-curve.ts";
import { average, type Block, median } from "./metric-blocks.ts";

export interface RunCurves {
  readonly blocks: readonly Block[];
  readonly totalSteps: number;
  /** First and last step at which measured runs of this recipe left the plateau. */
  readonly plateauLeftBySteps?: readonly [number, number] | undefined;
}

export interface Illness {
  readonly id: string;
  /** What is seen now, in numbers; undefined in health. */
  see(curves: RunCurves): string | undefined;
  readonly meaning: string;
  readonly remedy: string;
}

const LOSSES = ["mim", "acl", "simclr", "inpainting", "rotation"];

const text = numberText;
const latest = ({ blocks }: RunCurves, count: number) => blocks.slice(-count);

/** Mean of a metric over blocks; NaN where none has it. */
function meanOf(blocks: readonly Block[], metric: string): number {
  return average(blocks.flatMap(({ means }) => means[metric] ?? []));
}

/** "0.854 to 0.852", the first and the last block's. */
const fromTo = (blocks: readonly Block[], metric: string) =>
  `${text(blocks[0]!.means[metric]!)} to ${text(blocks.at(-1)!.means[metric]!)}`;

interface ContrastState {
  readonly name: string;
  readonly loss: number;
  readonly anchors: number;
  readonly rank: number;
  readonly positive: number;
  readonly negative: number;
  readonly chance: number;
}

/** Each contrast over the last two blocks, once it had time to learn; what is not measured is NaN. */
function contrasts(curves: RunCurves): ContrastState[] {
  const last = latest(curves, 2);
  // New embeddings lie close together too: whatever the run's length, they need some steps to spread.
  const settledStep = Math.min(Math.max(0.15 * curves.totalSteps, 60), 1000);
  if (last.length < 2 || last[0]!.firstStep <= settledStep) return [];
  const names = Object.keys(last[1]!.means).flatMap(
    (name) => /^(.+)(Anchors|Rank|Positive|Chance)$/.exec(name)?.[1] ?? [],
  );
  return [...new Set(names)].map((name) => ({
    name,
    loss: meanOf(last, name),
    anchors: meanOf(last, `${name}Anchors`),
    rank: meanOf(last, `${name}Rank`),
    positive: meanOf(last, `${name}Positive`),
    negative: meanOf(last, `${name}Negative`),
    chance: meanOf(last, `${name}Chance`),
  }));
}

const lacksAnchors = ({ anchors }: ContrastState) => anchors < 8;
const isCollapsed = ({ rank, positive, negative }: ContrastState) =>
  rank < 3 || (negative > 0.8 && positive - negative < 0.05);
const isGuessing = ({ chance }: ContrastState) => chance < 2;

/** The first contrast that has this cause and none before it. */
function contrastWith(curves: RunCurves, cause: (state: ContrastState) => boolean): ContrastState | undefined {
  return contrasts(curves).find((state) => [lacksAnchors, isCollapsed, isGuessing].find((is) => is(state)) === cause);
}

export const illnesses: readonly Illness[] = [
  {
    id: "no-anchors",
    see(curves) {
      const state = contrastWith(curves, lacksAnchors);
      return state && `${state.name}: ${text(state.anchors)} patches a step have a partner in the other view`;
    },
    meaning: "The two views of an image hardly ever show the same place, so the contrast learns nothing.",
    remedy:
      "Use larger crops (augmentation.areaMin), views that lie nearer (contrast.viewDistance), or a lower maskRatio.",
  },
  {
    id: "collapse",
    see(curves) {
      const state = contrastWith(curves, isCollapsed);
      if (state === undefined) return undefined;
      const { name, rank, positive, negative } = state;
      const spread = Number.isNaN(rank) ? "" : `embeddings of effective rank ${text(rank)}, `;
      return `${name}: ${spread}similarity ${text(positive)} for the same place and ${text(negative)} for other places`;
    },
    meaning:
      "The embeddings have collapsed: all look the same to the contrast, and the encoder learns nothing from it.",
    remedy:
      "If it stays so: begin again with a lower learningRate, and look that negatives take part (with mim+acl: contrast.loss, contrast.ignoreRadius, contrast.otherImageDistance).",
  },
  {
    id: "guessing",
    see(curves) {
      const state = contrastWith(curves, isGuessing);
      if (state === undefined) return undefined;
      const { name, loss, chance } = state;
      return `${name} ${text(loss)}: the same place is found ${text(chance)} times as well as by chance`;
    },
    meaning: "The contrast is still guessing.",
    remedy:
      "Look at the images and the crops; then try a higher learningRate or contrast.weight, or a shorter warm-up.",
  },
  {
    id: "plateau",
    see(curves) {
      const flat = latest(curves, 6);
      const [before, now] = [flat[0]?.means["mim"], flat.at(-1)?.means["mim"]];
      if (flat.length < 6 || before === undefined || now === undefined) return undefined;
      if (now < 0.75 || now > 1.05 * before || now < 0.99 * before || meanOf(flat, "gradientNorm") > 0.15)
        return undefined;
      const { blocks, plateauLeftBySteps: left } = curves;
      const start = blocks.findLastIndex(({ means }) => means["mim"]! > 1.01 * now) + 1;
      const others =
        left === undefined ? "" : `; measured runs of this recipe leave it at step ${left[0]} to ${left[1]}`;
      const norm = text(meanOf(flat, "gradientNorm"));
      return `mim on plateau since step ${blocks[start]!.firstStep}, ${fromTo(blocks.slice(start), "mim")}, gradient norm ${norm}${others}`;
    },
    meaning: "It predicts the mean picture of each position: a plateau on the way, not a finished run.",
    remedy:
      "Let it go on. If it stays: more steps, a higher learningRate, or method=mim+acl, which leaves the plateau earlier.",
  },
  {
    id: "dead-inputs",
    see(curves) {
      const [last] = latest(curves, 1);
      const { loss, mim, gradientNorm } = last?.means ?? {};
      if (loss === 0 || mim! < 0.01) return `a loss of ${text((loss === 0 ? loss : mim)!)}`;
      return gradientNorm! < 1e-5 ? `a gradient norm of ${text(gradientNorm!)}` : undefined;
    },
    meaning: "There is nothing to learn from what the network is fed: blank images as a rule.",
    remedy: "Look at the images: `medssl inspect STORE`; for CT at the window, for X-rays at borders and exposure.",
  },
  {
    id: "rising-loss",
    see(curves) {
      const { blocks } = curves;
      const parts = LOSSES.filter((name) => blocks.at(-1)?.means[name] !== undefined);
      for (const name of parts.length > 0 ? parts : ["loss"]) {
        const smooth = blocks.slice(2).map((_, i) => meanOf(blocks.slice(i, i + 3), name));
        const [now, best] = [smooth.at(-1)!, Math.min(...smooth)];
        const steps = blocks.slice(1).map(({ means }, i) => Math.abs(means[name]! - blocks[i]!.means[name]!));
        // Beside the noise from block to block, which is large where batches are small.
        if (best > 0.01 && now > 1.15 * best && now - best > 3 * median(steps)) {
          return `${name} rose from ${text(best)} around step ${blocks[smooth.indexOf(best) + 1]!.lastStep} to ${text(now)}`;
        }
      }
      return undefined;
    },
    meaning: "The loss rises over a long time: the run unlearns.",
    remedy: "Begin again with a third of the learningRate; do not fine-tune from here.",
  },
  {
    id: "gradient-spikes",
    see(curves) {
      const last = latest(curves, 5);
      const spikes = last.flatMap(({ gradientNorms }) => {
        const usual = median(gradientNorms);
        return gradientNorms.filter((norm) => norm > 1 && norm > 6 * usual);
      });
      if (spikes.length < 3) return undefined;
      const usual = text(median(last.flatMap(({ gradientNorms }) => gradientNorms)));
      return `${spikes.length} gradients since step ${last[0]!.firstStep} were more than 6 times as long as others, up to ${text(Math.max(...spikes))} (usually ${usual})`;
    },
    meaning: "The learning rate is at the edge of what the network bears.",
    remedy: "Lower learningRate, or lengthen warmupFraction, when the loss jumps too.",
  },
  {
    id: "slow",
    see(curves) {
      const [earlier, last] = [curves.blocks.slice(0, -2), latest(curves, 2)];
      if (earlier.length < 4) return undefined;
      const usual = median(earlier.flatMap(({ means }) => means["imagesPerSecond"] ?? []));
      const now = Math.max(...last.map(({ means }) => means["imagesPerSecond"] ?? usual));
      return now < usual / 2 ? `${text(now)} images/s, ${text(usual)} before` : undefined;
    },
    meaning: "Training became less than half as fast.",
    remedy:
      "Look what else runs on this machine, at its temperature, and whether the store's disk is slow or far away.",
  },
];
