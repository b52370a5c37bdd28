/**
 * What was found in which image: `predictions.json` for programs, `predictions.csv` for spreadsheets. docs/prediction.md
 * describes both.
 *
 * Units    shares, Dice and NSD 0-1; areas mm2, volumes ml, distances mm, times seconds. Absent where nothing says it.
 * Paths    of results are below the folder of results, with `/`.
 */
import type { ClassMetrics, SegmentClass } from "@medssl/contract";
import type { Vec3 } from "@medssl/imaging";
import { csvTable } from "../csv-table.ts";
import type { OutputKind } from "./output-formats.ts";

export const REPORT_VERSION = 1;

/** A label in an image. */
export interface ClassFinding {
  readonly name: string;
  readonly value: number;
  readonly voxels: number;
  /** Of the image. */
  readonly share: number;
  /** Of a picture whose file says the size of its pixels. */
  readonly areaMm2?: number | undefined;
  /** Of a volume whose file says the size of its voxels. */
  readonly volumeMl?: number | undefined;
  /** Against the truth, where there is one and any of the two has the label. */
  readonly truth?: Pick<ClassMetrics, "dice" | "hd95Mm" | "nsd"> | undefined;
}

export interface DicomOrigin {
  readonly modality: string | undefined;
  readonly studyUid: string | undefined;
  readonly seriesUid: string | undefined;
}

/** What became of a DICOM segmentation that was sent to an archive. */
export interface StoredResult {
  readonly output: OutputKind;
  readonly address: string;
  readonly isStored: boolean;
  readonly instanceUid?: string | undefined;
  readonly reason?: string | undefined;
}

/** An archive that segmentations were to go to, and how many it took, in this run and in those before. */
export interface ArchiveCourse {
  readonly address: string;
  readonly numStored: number;
  readonly numBefore: number;
}

export interface Prediction {
  readonly file: string;
  readonly name: string;
  readonly outputs: Readonly<Partial<Record<OutputKind, string>>>;
  /** [depth, height, width] */
  readonly shape: Vec3;
  /** [z, y, x]; null where the file does not say. */
  readonly spacingMm: readonly (number | null)[] | null;
  readonly dicom?: DicomOrigin | undefined;
  readonly classes: readonly ClassFinding[];
  readonly warnings: readonly string[];
  readonly seconds: { readonly read: number; readonly segment: number; readonly write: number };
  readonly stored?: readonly StoredResult[] | undefined;
}

export interface SkippedInput {
  readonly file: string;
  readonly code: string;
  readonly reason: string;
}

/** The model and what it was told to do: results of others do not mix with them. */
export interface ReportHead {
  readonly format: "medssl-predictions";
  readonly version: typeof REPORT_VERSION;
  /** Program and version. */
  readonly producer: string;
  readonly model: { readonly name: string; readonly kind: "run" | "exported"; readonly sha256: string };
  readonly settings: Readonly<Record<string, unknown>>;
  readonly classes: readonly Pick<SegmentClass, "name" | "value" | "color">[];
}

export interface PredictionReport extends ReportHead {
  /** False where it was interrupted. */
  readonly isComplete: boolean;
  /** Of the predictions, those that were there before. */
  readonly numKept: number;
  readonly predictions: readonly Prediction[];
  readonly skipped: readonly SkippedInput[];
  /** What else a user should know: sentences. */
  readonly notes: readonly string[];
  /** Where segmentations were to be stored. */
  readonly archive?: ArchiveCourse | undefined;
  /** Why no image has scores, where a truth was given. */
  readonly unmeasured?: string | undefined;
}

const OUTPUT_COLUMNS = {
  mask: ["png", "nifti"],
  seg: ["seg"],
  "seg-fractional": ["seg-fractional"],
  overlay: ["overlay"],
} as const;

type Column = readonly [head: string, value: (one: Prediction) => string | undefined];

/**
 * A row for each image, and behind them one for each that was skipped, whose only value is the reason. Columns that no image
 * has a value for are left out, but for the shares, the warnings and the reasons.
 */
export function predictionTable({
  classes,
  predictions,
  skipped,
}: Pick<PredictionReport, "classes" | "predictions" | "skipped">): string {
  const number = (digits: number, value: number | undefined) => value?.toFixed(digits);
  const ofImage: Column[] = [
    ...Object.entries(OUTPUT_COLUMNS).map(([head, kinds]): Column => {
      return [head, ({ outputs }) => kinds.map((kind) => outputs[kind]).find((path) => path !== undefined)];
    }),
    ["studyUid", ({ dicom }) => dicom?.studyUid],
    ["seriesUid", ({ dicom }) => dicom?.seriesUid],
  ];
  const ofClass: [head: string, value: (found: ClassFinding) => string | undefined][] = [
    ["share", ({ share }) => number(6, share)],
    ["mm2", ({ areaMm2 }) => number(3, areaMm2)],
    ["ml", ({ volumeMl }) => number(3, volumeMl)],
    ["Dice", ({ truth }) => number(4, truth?.dice)],
    ["HD95 mm", ({ truth }) => number(3, truth?.hd95Mm)],
    ["NSD", ({ truth }) => number(4, truth?.nsd)],
  ];
  const usedOfClass = ofClass.filter(
    ([head, value]) =>
      head === "share" || predictions.some((one) => one.classes.some((found) => value(found) !== undefined)),
  );
  const columns: Column[] = [
    ["file", ({ file }) => file],
    ["name", ({ name }) => name],
    ...ofImage.filter(([, value]) => predictions.some((one) => value(one) !== undefined)),
    ...usedOfClass.flatMap(([head, value]) =>
      classes.map(({ name }, i): Column => [`${name} ${head}`, (one) => value(one.classes[i]!)]),
    ),
    ["warnings", ({ warnings }) => warnings.join("; ")],
  ];
  const heads = columns.map(([head]) => head);
  return csvTable(
    [...heads, "skipped"],
    [
      ...predictions.map((one) => [...columns.map(([, value]) => value(one)), ""]),
      ...skipped.map(({ file, reason }) => [...heads.map((head) => (head === "file" ? file : "")), reason]),
    ],
  );
}

export const reportText = (report: PredictionReport): string => `${JSON.stringify(report, undefined, 2)}\n`;

/** "1 image", "3 images". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
