/**
 * Metrics of the `tiny` recipe as docs/results.md and the prototype have them, with the noise of single steps; for tests.
 */
import { Random } from "@medssl/datasets";
import type { MetricsLine } from "../training/run-directory.ts";

const EPOCHS = [1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 83];
const STEPS_PER_EPOCH = 8.5;

/** Losses in thousandths, means over these epochs. */
const ourMim = [1367, 1071, 959, 936, 891, 869, 822, 741, 702, 660, 641, 630, 628, 624];
const theirMim = [1413, 1090, 950, 921, 869, 834, 814, 707, 658, 627, 606, 592, 584, 589];
const ourJointMim = [1367, 1072, 957, 934, 890, 840, 773, 704, 653, 616, 596, 591, 575, 583];
const ourAcl = [5720, 5350, 4320, 3000, 1870, 1720, 1620, 1500, 1470, 1350, 1320, 1350, 1300, 1300];
const theirJointMim = [1413, 1087, 948, 924, 869, 815, 743, 633, 593, 570, 544, 518, 531, 511];
const theirAcl = [5760, 5400, 4510, 3200, 1850, 1670, 1510, 1410, 1410, 1360, 1280, 1270, 1290, 1260];
const top1 = [0.17, 0.16, 0.35, 0.65, 0.9, 0.93, 0.96, 0.96, 0.95, 0.97, 0.99, 0.98, 0.98, 0.99];
const gradient = [1.6, 0.5, 0.2, 0.1, 0.08, 0.2, 0.4, 0.5, 0.6, 0.5, 0.5, 0.5, 0.4, 0.4];

/** The documented runs: reconstruction, and the contrast where there is one. */
export const documentedRuns = {
  "mim, ours": { mim: ourMim, acl: undefined },
  "mim, prototype": { mim: theirMim, acl: undefined },
  "mim+acl, ours": { mim: ourJointMim, acl: ourAcl },
  "mim+acl, prototype": { mim: theirJointMim, acl: theirAcl },
} as const;

export const TOTAL_STEPS = 700;

/** Candidates of an anchor in the documented runs: the positive and some 620 negatives. */
const CANDIDATES = 621;

export function documentedLines(name: keyof typeof documentedRuns, seed = 1): MetricsLine[] {
  const random = new Random(seed);
  const noisy = (value: number, share: number) => value * (1 + share * random.normal());
  const { mim: mims, acl: acls } = documentedRuns[name];
  return Array.from({ length: TOTAL_STEPS }, (_, i) => {
    const mim = noisy(at(mims, i) / 1000, 0.015);
    const line = {
      step: i + 1,
      loss: mim,
      mim,
      lr: 1e-3,
      gradientNorm: Math.abs(noisy(at(gradient, i), 0.3)),
      imagesPerSecond: noisy(200, 0.1),
    };
    if (acls === undefined) return line;
    const acl = noisy(at(acls, i) / 1000, 0.03);
    const share = Math.min(1, i / 80);
    return {
      ...line,
      loss: mim + 0.1 * Math.min(1, i / 100) * acl,
      acl,
      aclTop1: at(top1, i),
      aclPositive: 0.5 + 0.4 * share,
      aclNegative: 0.3 - 0.3 * share,
      aclRank: noisy(7 + 2 * share, 0.05),
      aclAnchors: noisy(760, 0.02),
      aclChance: CANDIDATES * Math.exp(-acl),
    };
  });
}

/** The table's value at a step, between the middles of its epochs in a straight line. */
function at(values: readonly number[], step: number): number {
  const epoch = step / STEPS_PER_EPOCH + 0.5;
  const next = EPOCHS.findIndex((known) => known >= epoch);
  if (next <= 0) return next === 0 ? values[0]! : values.at(-1)!;
  const [from, to] = [EPOCHS[next - 1]!, EPOCHS[next]!];
  return values[next - 1]! + ((values[next]! - values[next - 1]!) * (epoch - from)) / (to - from);
}
