/**
 * Inputs through the network: what is read ahead of it, and written behind it, in threads of their own.
 *
 * Order     of results is that of the inputs, whichever is written first.
 * Memory    a few inputs that wait to be segmented or written (prediction-threads.ts).
 * Broken    inputs, and scans of another kind, are skipped with the reason; the others go on.
 * Errors    those of writing end it: what was done before is in the ledger.
 */
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import {
  elementSize,
  freeMemory,
  type ScanLabels,
  type ScanSegmenter,
  type SegmentationAlgorithm,
  type SegmentOptions,
} from "@medssl/imaging";
import type { OutputFormat } from "./output-formats.ts";
import { chooseSlices } from "./overlay-picture.ts";
import type { PredictionInput } from "./prediction-inputs.ts";
import type { LedgerEntry } from "./prediction-ledger.ts";
import type { Prediction, SkippedInput } from "./prediction-report.ts";
import type { PredictionThreads } from "./prediction-threads.ts";
import type { ReadableScan, ReadJob } from "./read-input.ts";
import { unevenWarnings } from "./uneven-slices.ts";
import type { WriteResult } from "./write-result.ts";

export interface SegmentInputsOptions {
  readonly segmenter: ScanSegmenter;
  readonly threads: PredictionThreads;
  readonly out: string;
  readonly formats: readonly OutputFormat[] | undefined;
  readonly hasOverlays: boolean;
  /** For DICOM segmentations. */
  readonly algorithm: SegmentationAlgorithm;
  readonly listen: RunListener;
  readonly signal: AbortSignal | undefined;
  /** Told of each input that is done, in their order; one without predictions was skipped. */
  readonly onDone: (entry: LedgerEntry) => void;
}

type ScanOutcome = { readonly prediction: Prediction } | { readonly skipped: SkippedInput };

/** @returns Whether it came to the end. */
export async function segmentInputs(
  inputs: readonly PredictionInput[],
  options: SegmentInputsOptions,
): Promise<boolean> {
  const { segmenter, threads, formats, listen, signal, onDone } = options;
  const jobs = inputs.map((input): ReadJob => ({ input, expected: segmenter.plan, formats }));
  const work = countedWork("segment", jobs.length, listen);
  const writing: { input: PredictionInput; skipped: readonly SkippedInput[]; outcomes: Promise<ScanOutcome[]> }[] = [];
  const settle = async () => {
    const { input, skipped: refused, outcomes } = writing.shift()!;
    const all = await outcomes;
    const { key, name, identity } = input;
    const predictions = all.flatMap((one) => ("prediction" in one ? [one.prediction] : []));
    const skipped = [...refused, ...all.flatMap((one) => ("skipped" in one ? [one.skipped] : []))];
    onDone({ key, name, identity, predictions, skipped });
    work.advance();
  };
  let next = 0;
  for await (const { result, error } of threads.read(jobs, signal)) {
    const input = inputs[next++]!;
    // What the threads have sent is heard.
    await setImmediate();
    if (signal?.aborted) break;
    const { scans = [], refused = [], seconds = 0 } = result ?? {};
    const parts: Promise<ScanOutcome>[] = [];
    for (const [i, scan] of scans.entries()) {
      const name = scans.length === 1 ? input.name : `${input.name}-scan${i + 1}`;
      // The time of reading belongs to the first.
      const origin = { file: input.file, name, readSeconds: i === 0 ? seconds : 0 };
      const segmented = await segmentOne(scan, origin, options, work);
      if (segmented === undefined) break;
      // Its failure is thrown when its turn comes; until then it is not unhandled.
      segmented.outcome.catch(() => {});
      parts.push(segmented.outcome);
    }
    if (signal?.aborted) break;
    const skipped = error === undefined ? refused : [{ file: input.file, code: error.code, reason: error.message }];
    const outcomes = Promise.all(parts);
    outcomes.catch(() => {});
    writing.push({ input, skipped, outcomes });
    while (writing.length > threads.numAhead) await settle();
  }
  while (writing.length > 0) await settle();
  return work.end();
}

interface ScanName {
  readonly file: string;
  readonly name: string;
  readonly readSeconds: number;
}

/** The labels are there; their files will be. Undefined where it was told to stop. */
async function segmentOne(
  scan: ReadableScan,
  { file, name, readSeconds }: ScanName,
  { segmenter, threads, out, hasOverlays, algorithm, signal }: SegmentInputsOptions,
  work: ReturnType<typeof countedWork>,
): Promise<{ readonly outcome: Promise<ScanOutcome> } | undefined> {
  const { shown, own, volume, formats } = scan;
  const { slices } = segmenter.plan;
  const startMs = performance.now();
  let labeled: ScanLabels;
  try {
    const wishes: SegmentOptions = {
      wantsFractions: formats.includes("seg-fractional"),
      signal,
      onProgress: (done, total) => total > 1 && work.advance({ slice: done }, 0),
    };
    labeled = await threads.besides(() => segmenter.segmentShown(shown, wishes));
  } catch (error) {
    if (signal?.aborted) return undefined;
    if (!(error instanceof MedsslError)) throw error;
    const skipped = { file, code: error.code, reason: error.message };
    return { outcome: Promise.resolve({ skipped }) };
  }
  const segmentSeconds = (performance.now() - startMs) / 1000;
  const { labels, fractions } = labeled;
  const overlay = hasOverlays ? chooseSlices(shown, labels, slices) : undefined;
  const isDrawn = overlay?.slices.some(({ data }) => data.buffer === shown.data.buffer) ?? false;
  if (!isDrawn) freeMemory(shown.data);
  const written = threads.write({
    ...{ out, name, formats, labels, fractions, own, volume, algorithm },
    shown: { shape: shown.shape, affine: shown.affine },
    overlay,
    channel: slices.channel,
    classes: segmenter.classes,
  });
  const outcome = written.then((result): ScanOutcome => {
    freeMemory(labels, ...fractions, ...(isDrawn ? [shown.data] : []));
    const [problem] = result.problems;
    const isNothing = formats.every((format) => result.outputs[format] === undefined);
    if (isNothing && problem !== undefined) return { skipped: { file, ...problem } };
    const seconds = { read: readSeconds, segment: segmentSeconds, write: result.seconds };
    return { prediction: { file, name, ...predictionOf(scan, result, segmenter), seconds } };
  });
  return { outcome };
}

function predictionOf(
  scan: ReadableScan,
  { outputs, counts, volumesMl, problems }: WriteResult,
  segmenter: ScanSegmenter,
): Omit<Prediction, "file" | "name" | "seconds"> {
  const { own, dicom } = scan;
  const { shape, spacingMm } = own;
  return {
    outputs,
    shape,
    spacingMm: spacingMm === undefined ? null : spacingMm.map((mm) => (Number.isFinite(mm) ? mm : null)),
    dicom,
    classes: findingsOf(scan, { counts, volumesMl }, segmenter),
    warnings: [...scan.warnings, ...unevenWarnings(scan.volume, outputs), ...problems.map(({ reason }) => reason)],
  };
}

function findingsOf(
  { own }: ReadableScan,
  { counts, volumesMl }: Pick<WriteResult, "counts" | "volumesMl">,
  { classes }: ScanSegmenter,
) {
  const [depth, height, width] = own.shape;
  const size = elementSize(own);
  return classes.map(({ name, value }, i) => {
    const voxels = counts[i]!;
    const known = depth === 1 ? { areaMm2: voxels * size! } : { volumeMl: volumesMl?.[i] ?? voxels * size! };
    const measure = size === undefined ? {} : known;
    return { name, value, voxels, share: voxels / (depth * height * width), ...measure };
  });
}
