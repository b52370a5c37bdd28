/**
 * A model that segments whole scans, whatever runs it: what predictions are made with.
 */
import type { SegmentationPlan, SegmentClass } from "@medssl/contract";
import type { Scan } from "../scan.ts";
import type { ScanLabels } from "./segment-scan.ts";

export interface SegmentOptions {
  /** Whether it is said how sure the network is of each label. @default false */
  readonly wantsFractions?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Slices done, and all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface ScanSegmenter {
  /** What it is called where its results are kept: the name of the run or of the exported model. */
  readonly name: string;
  readonly classes: readonly SegmentClass[];
  readonly plan: SegmentationPlan;
  /** @param shown As the eye is used to it (`reorientForDisplay`). @returns On the same grid. */
  segmentShown(shown: Scan, options?: SegmentOptions): Promise<ScanLabels>;
  /** Frees what it holds; it cannot be used after that. */
  dispose(): Promise<void>;
}
