import type { FinetuneRecipe, PretrainRecipe, RunListener } from "@medssl/contract";
import type { Split, Store } from "@medssl/datasets";
import type { Device } from "@medssl/torch";
import type { Head, ImportedWeights } from "./arms.ts";

export interface StudyOptions {
  readonly title: string;
  /** The command line, for the report. */
  readonly command: string;
  /** Stores with masks. */
  readonly labeled: readonly Store[];
  /** More images for pre-training. */
  readonly unlabeled: readonly Store[];
  readonly dir: string;
  /** See arms.ts. */
  readonly arms: readonly string[];
  /** Files that arms named `imported:NAME` start from. */
  readonly weights?: ImportedWeights | undefined;
  /** Percent of the training patients. */
  readonly fractions: readonly number[];
  readonly draws: number;
  /** Network of the arms that name none. */
  readonly head: Head;
  readonly pretrain: PretrainRecipe;
  readonly finetune: FinetuneRecipe;
  /** Of the split and the draws. */
  readonly seed: number;
  readonly testFraction: number;
  /** A split that was made before, in place of one of this seed and share. */
  readonly split?: Split | undefined;
  /** Measures even if pictures of test patients are learned from; the report says so. @default false */
  readonly allowLeaks?: boolean | undefined;
  readonly device: Device;
  /** Runs in other processes, several at once; in this one, one after the other, when left out. */
  readonly jobs?: StudyJobs | undefined;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  /** What of the full matrix is left out, in words. */
  readonly omitted: string;
}

export interface StudyJobs {
  /** Processes at once. */
  readonly processes: number;
  /** Taken in turn. */
  readonly devices: readonly Device[];
  /** Of each process. */
  readonly threads: number;
}
