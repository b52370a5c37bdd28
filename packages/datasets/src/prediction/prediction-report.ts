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
}

const OUTPUT_COLUMNS = { mask: ["png", "nifti"], seg: ["seg"], "seg-fractional": ["seg-fractional"] } as const;

/** A row for each image; columns that no image has a value for are left out, but for the first. */
export function predictionTable({ classes, predictions }: Pick<PredictionReport, "classes" | "predictions">): string {
  const names = classes.map(({ name }) => name);
  const number = (digits: number, value: number | undefined) => value?.toFixed(digits);
  const columns: [head: string, (one: Prediction, found: ClassFinding) => string | undefined][] = [
    ["", (_, { share }) => number(6, share)],
    [" mm2", (_, { areaMm2 }) => number(3, areaMm2)],
    [" ml", (_, { volumeMl }) => number(3, volumeMl)],
    [" Dice", (_, { truth }) => number(4, truth?.dice)],
    [" HD95 mm", (_, { truth }) => number(3, truth?.hd95Mm)],
    [" NSD", (_, { truth }) => number(4, truth?.nsd)],
  ];
  const isUsed = columns.map(
    ([head, value]) => head === "" || predictions.some((one) => one.classes.some((found) => value(one, found))),
  );
  const used = columns.filter((_, i) => isUsed[i]);
  const outputs = Object.entries(OUTPUT_COLUMNS).filter(([, kinds]) =>
    predictions.some((one) => kinds.some((kind) => one.outputs[kind])),
  );
  return csvTable(
    [
      "file",
      ...outputs.map(([head]) => head),
      ...used.flatMap(([head]) => names.map((name) => name + head)),
      "warnings",
    ],
    predictions.map((one) => [
      one.file,
      ...outputs.map(([, kinds]) => kinds.map((kind) => one.outputs[kind]).find((path) => path !== undefined)),
      ...used.flatMap(([, value]) => one.classes.map((found) => value(one, found))),
      one.warnings.join("; "),
    ]),
  );
}

export const reportText = (report: PredictionReport): string => `${JSON.stringify(report, undefined, 2)}\n`;

/** "1 image", "3 images". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
