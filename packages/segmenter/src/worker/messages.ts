/**
 * What the page's or program's thread and the engine's say to each other: plain data.
 *
 * Errors   an error's class does not survive the way between threads: a `MedsslError` goes by code, message and hint, an
 *          abort by its name, anything else, a bug, by its stack.
 */
import { MedsslError, type ModelCard, type SegmentationPlan, type WeightPrecision } from "@medssl/contract";
import type { Scan, SliceBatch, SliceLabels, SliceWishes } from "@medssl/imaging";
import type { Provider } from "../engine/network.ts";

/** What the engine opens. */
export interface ModelSettings {
  /** Folder of the exported model: a path in Node, an absolute URL anywhere. */
  readonly source: string;
  readonly precision: WeightPrecision | undefined;
  readonly provider: Provider | "auto";
  readonly threads: number | undefined;
  /** In the place of the model's. */
  readonly inference: Partial<Pick<SegmentationPlan, "tileOverlap" | "flips">>;
  readonly isCleaned: boolean;
  readonly isNative: boolean;
  readonly cropsBlackBorder: boolean | undefined;
}

export interface OpenModel {
  readonly card: ModelCard;
  /** The card's, with what was wished otherwise. */
  readonly plan: SegmentationPlan;
  readonly precision: WeightPrecision;
  readonly provider: Provider;
  readonly threads: number;
  readonly notes: readonly string[];
}

/** An image on its way to the engine. */
export type SentImage =
  | { readonly kind: "scan"; readonly scan: Scan }
  | { readonly kind: "pixels"; readonly rgba: Uint8ClampedArray; readonly width: number; readonly height: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array | Blob; readonly name: string }
  | { readonly kind: "address"; readonly address: string };

export interface Wishes {
  readonly wantsFractions: boolean;
  readonly wantsPicture: boolean | number;
}

/** A picture for a canvas: red, green, blue and alpha, 0-255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

export interface FoundLabels {
  readonly labels: Scan<Uint8Array>;
  readonly fractions: readonly Scan<Uint8Array>[];
  readonly warnings: readonly string[];
  readonly picture: { readonly slice: number; readonly image: Picture; readonly mask: Picture } | undefined;
}

/** What is asked of the engine, and what it answers. */
export interface Jobs {
  readonly open: { readonly job: ModelSettings; readonly result: OpenModel };
  readonly segment: {
    readonly job: { readonly image: SentImage; readonly wishes: Wishes };
    readonly result: FoundLabels;
  };
  readonly segmentSlices: {
    readonly job: { readonly batch: SliceBatch; readonly wishes: SliceWishes };
    readonly result: SliceLabels;
  };
  readonly run: {
    readonly job: { readonly images: Float32Array; readonly numImages: number };
    readonly result: Float32Array;
  };
  readonly close: { readonly job: undefined; readonly result: undefined };
}

export type Request =
  | { [Kind in keyof Jobs]: { readonly id: number; readonly kind: Kind; readonly job: Jobs[Kind]["job"] } }[keyof Jobs]
  | { readonly id: number; readonly kind: "abort" };

export type Reply =
  | { readonly id: number; readonly done: number; readonly total: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

export type Failure =
  | { readonly code: string; readonly message: string; readonly hint: string | undefined }
  | { readonly isAbort: true }
  | { readonly bug: string; readonly stack: string | undefined };

export function failureOf(error: unknown): Failure {
  if (error instanceof MedsslError) return { code: error.code, message: error.message, hint: error.hint };
  if (error instanceof Error && error.name === "AbortError") return { isAbort: true };
  return error instanceof Error ? { bug: error.message, stack: error.stack } : { bug: String(error), stack: undefined };
}

/** The error that the engine caught, on the other side. */
export function errorOf(failure: Failure): Error {
  if ("code" in failure) {
    const { code, message, hint } = failure;
    return new MedsslError(code, message, hint === undefined ? {} : { hint });
  }
  if ("isAbort" in failure) return new DOMException("The operation was aborted.", "AbortError");
  const error = new Error(failure.bug);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
