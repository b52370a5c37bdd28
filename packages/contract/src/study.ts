/**
 * A label-efficiency study: the matrix {arm} x {label fraction} x {draw}, its numbers and all that is needed to read them.
 *
 * `study.json` in a study's folder has this form; the report, the CSV files and the figures are made from it alone.
 * Dice and IoU are fractions 0-1. A fraction of labels is in percent (1, 5, 10, 100).
 */
import type { Scores } from "./scores.ts";

/** A number followed over the steps of a run; sampled, not one entry a step. */
export interface CurvePoint {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** One trained and measured model of the matrix. */
export interface StudyCell {
  /** A baseline, `scratch`, a method of pre-training or `imported:NAME`, with `@HEAD` behind it when that is not the study's own. */
  readonly arm: string;
  /** Percent of the training patients whose labels were used. */
  readonly fraction: number;
  readonly draw: number;
  readonly labeledPatients: number;
  readonly labeledImages: number;
  /** Identifiers of the labelled patients of this draw. */
  readonly patients: readonly string[];
  /** Folder of the run, relative to the study's folder. */
  readonly run: string;
  readonly steps: number;
  readonly seconds: number;
  readonly curve: readonly CurvePoint[];
  readonly scores: Scores;
  /** Peak of the process while it trained, in bytes. */
  readonly memoryBytes?: number;
  /** Numbers that training moves. */
  readonly parameters?: number;
  /** Crops that training saw, repetitions counted. */
  readonly imagesSeen?: number;
  /** Classes that no mask of this draw's patients shows. */
  readonly missingLabels?: readonly string[];
  /** Worst, median and best test case: panels of image, truth, prediction; PNG, relative to the study's folder. */
  readonly examples: readonly StudyExample[];
}

export interface StudyExample {
  readonly rank: "best" | "median" | "worst";
  readonly case: string;
  readonly dice: number;
  readonly picture: string;
}

/** The cases that the main arm does worst by one measure, and how every arm does on them. */
export interface StudyFailures {
  readonly metric: "dice" | "hd95";
  readonly fraction: number;
  readonly draw: number;
  readonly cases: readonly StudyFailure[];
}

export interface StudyFailure {
  readonly case: string;
  readonly arms: readonly {
    readonly arm: string;
    readonly dice: number;
    readonly hd95Mm?: number;
    /** Panels of image, truth, prediction; PNG, relative to the study's folder. */
    readonly picture: string;
  }[];
}

/** Something that a reader of the numbers has to know: `error` where they cannot be trusted, such as a leak. */
export interface StudyNote {
  readonly level: "error" | "warning" | "note";
  readonly text: string;
}

/** One pre-training run that arms of the study start from. */
export interface StudyPretraining {
  /** Of a pre-training recipe. */
  readonly method: string;
  readonly run: string;
  readonly images: number;
  readonly steps: number;
  readonly seconds: number;
  /** Peak of the process while it trained, in bytes. */
  readonly memoryBytes?: number;
  /** Images that training saw, repetitions counted. */
  readonly imagesSeen?: number;
  readonly curve: readonly CurvePoint[];
  /** Grid of original, masked and reconstructed images (de-normalised, visible patches pasted through); PNG. */
  readonly reconstructions: string;
}

export interface StudyStore {
  readonly name: string;
  readonly role: "labeled" | "unlabeled";
  readonly images: number;
  readonly patients: number;
  readonly size: readonly [number, number];
  readonly labels: readonly string[];
}

export interface Study {
  readonly version: 1;
  readonly title: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** The command line that makes it again. */
  readonly command: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly stores: readonly StudyStore[];
  /** Every setting of every stage, by stage, as used. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly split: {
    readonly file: string;
    readonly seed: number;
    readonly trainPatients: number;
    readonly testPatients: number;
    readonly trainImages: number;
    readonly testImages: number;
  };
  /** Network that arms without `@...` segment with: `vit` or `hybrid`. */
  readonly head: string;
  readonly arms: readonly string[];
  readonly fractions: readonly number[];
  readonly draws: number;
  /** Cells of the full matrix that this study leaves out, in words, and how to run them; empty when it is full. */
  readonly omitted: string;
  readonly pretraining: readonly StudyPretraining[];
  /** What the report warns of, worst first. */
  readonly notes?: readonly StudyNote[];
  readonly failures?: readonly StudyFailures[];
  /** Cells that this study runs in all; more than `cells.length` while it is at work or when it was interrupted. */
  readonly plannedCells: number;
  readonly cells: readonly StudyCell[];
}
