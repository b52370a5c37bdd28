/** A model for tests: label 1 where a value is above a threshold, as sure as it is far above. */
import type { SegmentationPlan } from "@medssl/contract";
import type { Scan, ScanSegmenter } from "@medssl/imaging";
import type { PredictionModel, PredictOptions } from "../predict.ts";

const LUNG = { scheme: "SCT", value: "39607008", meaning: "Lung" };
const ANATOMY = { scheme: "SCT", value: "91723000", meaning: "Anatomical Structure" };

export interface BrightModel extends PredictionModel {
  /** Scans that it was given. */
  readonly numSegmented: number;
  readonly numOpened: number;
}

/** @param dtype uint8: pictures; int16: CT. @param onScan Called before each scan. */
export function brightModel(
  dtype: "uint8" | "int16" = "uint8",
  { threshold = 100, sha256 = "a".repeat(64), onScan = () => {}, onShown = () => {} }: Partial<ModelWishes> = {},
): BrightModel {
  const count = { segmented: 0, opened: 0 };
  const plan = {
    ...{ contextSlices: 0, kinds: [], slices: { width: 8, height: 8, fit: "squash", channel: "luma", dtype } },
  } as unknown as SegmentationPlan;
  const segmenter: ScanSegmenter = {
    name: "bright",
    classes: [{ value: 1, name: "lung", color: [230, 159, 0], category: ANATOMY, type: LUNG, modifiers: [] }],
    plan,
    async segmentShown(shown, { wantsFractions = false, signal } = {}) {
      const { data, channels, shape } = shown;
      count.segmented++;
      onScan(count.segmented);
      onShown(shown);
      signal?.throwIfAborted();
      const size = shape[0] * shape[1] * shape[2];
      const labels = Uint8Array.from({ length: size }, (_, i) => Number(data[i * channels]! > threshold));
      const fractions = wantsFractions ? [labels.map((label) => 200 * label)] : [];
      return { labels, fractions };
    },
    async dispose() {},
  };
  return {
    ...{ name: "bright", kind: "run", sha256 },
    get numSegmented() {
      return count.segmented;
    },
    get numOpened() {
      return count.opened;
    },
    async open() {
      count.opened++;
      return segmenter;
    },
  };
}

interface ModelWishes {
  readonly threshold: number;
  readonly sha256: string;
  readonly onScan: (number: number) => void;
  readonly onShown: (shown: Scan) => void;
}

/** What most tests do not care for. */
export const predictionOptions = (
  inputs: readonly string[],
  out: string,
): Omit<PredictOptions, "model"> & { readonly messages: string[] } => {
  const messages: string[] = [];
  return {
    inputs: async () => inputs,
    ...{ out, settings: {}, producer: "test", numWorkers: 0, messages },
    listen: (event) => void (event.type === "note" && messages.push(event.message)),
  };
};
