import type { FinetuneRecipe, PretrainRecipe, RunListener } from "@medssl/contract";
import type { Split, Store } from "@medssl/datasets";
import type { Device } from "@medssl/torch";

export interface StudyOptions {
  readonly title: string;
  /** The command line, for the report. */
  readonly command: string;
  /** Stores with masks. */
  readonly labeled: readonly Store[];
  /** More images for pre-training. */
  readonly unlabeled: readonly Store[];
  readonly dir: string;
  readonly arms: readonly string[];
  /** Percent of the training patients. */
  readonly fractions: readonly number[];
  readonly draws: number;
  /** Network of the arms that name none. */
  readonly head: "hybrid" | "vit";
  readonly pretrain: PretrainRecipe;
  readonly finetune: FinetuneRecipe;
  /** Of the split and the draws. */
  readonly seed: number;
  readonly testFraction: number;
  /** A split that was made before, in place of one of this seed and share. */
  readonly split?: Split | undefined;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
  /** What of the full matrix is left out, in words. */
  readonly omitted: string;
}
