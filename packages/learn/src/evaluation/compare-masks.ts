/**
 * Masks of any program measured against references, file by file.
 *
 * Values   as `medssl ingest` reads masks: named with labels, or told from the references.
 * Grid     a pair has the same size. Where both files say where their voxels lie, that agrees to a tenth of a voxel;
 *          volumes that are stored along other axes, or the other way round, are turned first.
 * Spacing  of the files, else of the image that was segmented, where that is known; pictures have none (spacing.ts).
 * Errors   those of pairing and of labels. A pair that cannot be measured is listed, the others go on.
 */
import { setImmediate } from "node:timers/promises";
import { type CaseScore, countedWork, MedsslError, type RunListener, type Scores } from "@medssl/contract";
import {
  applyLabelRule,
  type Label,
  type LabelRule,
  type MaskVote,
  ruleFromVotes,
  voteOnMask,
  wholeNumbers,
} from "@medssl/datasets";
import {
  decodeMaskScan,
  type Image,
  readImageBytes,
  reorientForDisplay,
  type Scan,
  usableSpacing,
  type Vec3,
} from "@medssl/imaging";
import { labelRoles } from "../data/label-roles.ts";
import { type GriddedCase, measureCase } from "../metrics/measure-case.ts";
import { summarizeScores } from "../metrics/summarize-scores.ts";
import { DEFAULT_TOLERANCE_MM, type MetricChoice } from "./evaluate.ts";
import { type MaskPair, type MaskProblem, type PairedMasks, pairMasks } from "./pair-masks.ts";
import { assumeSpacing, spacingNotes } from "./spacing.ts";

export interface CompareMasksOptions extends MetricChoice {
  /** What the values mean. @default told from the references */
  readonly rule?: LabelRule | undefined;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface MaskComparison {
  readonly labels: readonly Label[];
  readonly scores: Scores;
  readonly problems: readonly MaskProblem[];
  readonly isComplete: boolean;
}

export async function compareMasks(
  predictions: string,
  references: string,
  options: CompareMasksOptions,
): Promise<MaskComparison> {
  const paired = pairMasks(predictions, references);
  return await comparePairs(paired, options.rule ?? (await ruleOfReferences(paired.pairs, options)), options);
}

export async function comparePairs(
  { pairs, problems: unpaired }: PairedMasks,
  rule: LabelRule,
  options: CompareMasksOptions,
): Promise<MaskComparison> {
  const { listen, signal, assumedSpacing, toleranceMm = DEFAULT_TOLERANCE_MM, clDice = "pictures" } = options;
  const { classes, ignoredValue } = labelRoles(rule.labels);
  const problems = [...unpaired];
  const cases: CaseScore[] = [];
  const grids: Parameters<typeof spacingNotes>[0][number][] = [];
  const work = countedWork("measure", pairs.length, listen);
  for (const pair of pairs) {
    if (signal?.aborted) break;
    try {
      const [gridded] = assumeSpacing([await readPair(pair, rule)], assumedSpacing);
      cases.push(measureCase(gridded!, { labels: classes, ignoredValue, toleranceMm, clDice }));
      grids.push({ shape: gridded!.shape, spacingMm: gridded!.spacingMm, isSpacingAssumed: gridded!.isSpacingAssumed });
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      problems.push({ file: pair.prediction, reason: error.message });
    }
    work.advance();
    await setImmediate();
  }
  const isComplete = work.end();
  const scores = { ...summarizeScores(cases, classes), toleranceMm, notes: spacingNotes(grids) };
  return { labels: rule.labels, scores, problems, isComplete };
}

/** What most references speak for; one that cannot be read says nothing, and is reported when it is measured. */
export async function ruleOfReferences(
  pairs: readonly MaskPair[],
  { listen, signal }: Pick<CompareMasksOptions, "listen" | "signal">,
): Promise<LabelRule> {
  const votes: MaskVote[] = [];
  const work = countedWork("tell the labels", pairs.length, listen);
  for (const { reference } of pairs) {
    if (signal?.aborted) break;
    try {
      votes.push(voteOnMask(valuesOf(await readMask(reference), reference)));
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
    }
    work.advance();
    await setImmediate();
  }
  work.end();
  return ruleFromVotes(votes);
}

const readMask = async (file: string): Promise<Scan> => await decodeMaskScan(await readImageBytes(file), file);

/** Slices below one another. */
function valuesOf({ shape: [depth, height, width], data }: Scan, file: string): Image {
  return { width, height: depth * height, channels: 1, data: wholeNumbers(data, file) };
}

async function readPair({ name, prediction, reference, spacingMm }: MaskPair, rule: LabelRule): Promise<GriddedCase> {
  if (isNifti(prediction) !== isNifti(reference)) {
    throw new MedsslError(
      "ERR_MASKS_FORMAT",
      `a volume and a picture cannot be compared: ${prediction} and ${reference}`,
    );
  }
  const [found, wanted] = onOneGrid(await readMask(prediction), await readMask(reference));
  checkGrids(found, wanted, prediction, reference);
  const labels = (scan: Scan, file: string) => applyLabelRule(valuesOf(scan, file), rule, file).labels.data;
  return {
    case: name,
    patient: name,
    truth: labels(wanted, reference),
    prediction: labels(found, prediction),
    shape: wanted.shape,
    spacingMm: [wanted.spacingMm, found.spacingMm, spacingMm].find((mm) => usableSpacing(mm, wanted.shape)),
  };
}

export const isNifti = (file: string): boolean => /\.(?:nii|hdr)(?:\.gz)?$/i.test(file);

/** Turned to the same axes, where the files lie along others. */
function onOneGrid(prediction: Scan, reference: Scan): readonly [Scan, Scan] {
  if (distanceOf(prediction, reference) <= allowedMm(reference)) return [prediction, reference];
  return [reorientForDisplay(prediction), reorientForDisplay(reference)];
}

/** @throws {MedsslError} `ERR_MASKS_SIZE`, `ERR_MASKS_GRID` */
function checkGrids(prediction: Scan, reference: Scan, file: string, other: string): void {
  if (prediction.shape.some((length, axis) => length !== reference.shape[axis])) {
    throw new MedsslError(
      "ERR_MASKS_SIZE",
      `${file} has ${sizeText(prediction.shape)}, its reference ${other} ${sizeText(reference.shape)}`,
    );
  }
  const distance = distanceOf(prediction, reference);
  if (distance > allowedMm(reference)) {
    throw new MedsslError(
      "ERR_MASKS_GRID",
      `${file} lies up to ${distance.toPrecision(3)} mm from where its reference ${other} does: their affines or spacings differ`,
    );
  }
}

const sizeText = ([depth, height, width]: Vec3): string =>
  depth === 1 ? `${width}x${height} pixels` : `${width}x${height}x${depth} voxels`;

const allowedMm = ({ spacingMm }: Scan): number =>
  0.1 * Math.min(...(spacingMm ?? [1]).filter((mm) => mm > 0 && Number.isFinite(mm)));

/** How far corresponding corners of two grids lie apart, in mm; 0 where a file does not say where it lies. */
function distanceOf({ affine: one }: Scan, { affine: other, shape: [depth, height, width] }: Scan): number {
  if (one === undefined || other === undefined) return 0;
  let farthest = 0;
  for (const z of [0, depth - 1]) {
    for (const y of [0, height - 1]) {
      for (const x of [0, width - 1]) {
        const along = (affine: readonly number[], row: number) =>
          affine[4 * row]! * x + affine[4 * row + 1]! * y + affine[4 * row + 2]! * z + affine[4 * row + 3]!;
        farthest = Math.max(farthest, Math.hypot(...[0, 1, 2].map((row) => along(one, row) - along(other, row))));
      }
    }
  }
  return farthest;
}
