/**
 * A trained network on new images: masks, DICOM segmentations and overlays on each image's own grid, and what was found.
 *
 * Way       files are read, segmented and written at the same time (segment-inputs.ts); then what is wanted of them is sent to
 *           an archive, and measured against the truth.
 * Files     output-formats.ts; predictions.json and predictions.csv (prediction-report.ts); predictions.jsonl, by which a
 *           prediction that was stopped goes on (prediction-ledger.ts).
 * Kept      is what is there, of this model and these settings, unless it is to be overwritten.
 * Errors    those of prediction-inputs.ts, prediction-ledger.ts and write-result.ts. What is wrong with one image skips it.
 */
import { resolve } from "node:path";
import type { ClassMetrics, RunListener, SegmentClass } from "@medssl/contract";
import type { PacsClient, ScanSegmenter, Vec3 } from "@medssl/imaging";
import { DEFAULT_FORMATS, type OutputFormat } from "./output-formats.ts";
import { type FetchedFolder, findInputs, nameInputs, type PredictionInput } from "./prediction-inputs.ts";
import { type LedgerEntry, type LedgerHead, lockResults, PredictionLedger } from "./prediction-ledger.ts";
import { predictionRemarks, predictionWarnings } from "./prediction-notes.ts";
import {
  type ArchiveCourse,
  type Prediction,
  type PredictionReport,
  predictionTable,
  REPORT_VERSION,
  type ReportHead,
  reportText,
  type SkippedInput,
} from "./prediction-report.ts";
import { PredictionThreads } from "./prediction-threads.ts";
import { segmentInputs } from "./segment-inputs.ts";
import { storeResults } from "./store-results.ts";
import { putFile } from "./write-result.ts";

/** A model that is loaded where there is work for it. */
export interface PredictionModel {
  readonly name: string;
  readonly kind: "run" | "exported";
  /** Of all that its results depend on. */
  readonly sha256: string;
  open(): Promise<ScanSegmenter>;
}

/** A mask that can be compared. */
export interface PredictedMask {
  /** Of the prediction. */
  readonly name: string;
  readonly file: string;
  /** What its truth is called: below its folder, without extension. */
  readonly path: string;
  /** Of the image, [z, y, x]; not a number where it does not say it. */
  readonly spacingMm: Vec3 | undefined;
}

export interface MaskScores {
  /** By the prediction's name, then the class's. */
  readonly scores: ReadonlyMap<string, ReadonlyMap<string, Pick<ClassMetrics, "dice" | "hd95Mm" | "nsd">>>;
  readonly notes: readonly string[];
  /** Why no mask at all could be compared; undefined where one could. */
  readonly failure?: string | undefined;
}

export interface PredictOptions {
  readonly model: PredictionModel;
  /** Image files, and folders of them; asked for once it is clear that the results may be written. */
  readonly inputs: () => Promise<readonly (string | FetchedFolder)[]>;
  readonly out: string;
  /** @default what fits the image: `DEFAULT_FORMATS` */
  readonly formats?: readonly OutputFormat[] | undefined;
  /** @default true */
  readonly hasOverlays?: boolean | undefined;
  /** What else decides how results look; results of other settings are not mixed with these. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Program and version. */
  readonly producer: string;
  /** Whether results that are there are made anew. @default false */
  readonly isOverwriting?: boolean | undefined;
  /** Threads that read, and as many that write; none are started for what is soon done. */
  readonly numWorkers: number;
  /** Milliseconds of reading and writing without them, before they are started. @default 500 */
  readonly patienceMs?: number | undefined;
  /** Compares masks with the truth. */
  readonly measure?:
    | ((masks: readonly PredictedMask[], classes: ReportHead["classes"]) => Promise<MaskScores>)
    | undefined;
  /** Where DICOM segmentations go. */
  readonly archive?: Pick<PacsClient, "address" | "store"> | undefined;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export async function predict(options: PredictOptions): Promise<PredictionReport> {
  const { out, listen, signal, measure } = options;
  const head = headOf(options);
  using _lock = lockResults(out);
  const ledger = new PredictionLedger(out, head, options.isOverwriting ?? false);
  const found = await findInputs(await options.inputs(), out);
  const inputs = nameInputs(found.inputs, ledger.names);
  const entries = new Map<string, LedgerEntry>();
  for (const input of inputs) {
    const entry = ledger.find(input);
    if (entry !== undefined) entries.set(input.key, entry);
  }
  const todo = inputs.filter(({ key }) => !entries.has(key));
  const numKept = [...entries.values()].reduce((sum, { predictions }) => sum + predictions.length, 0);
  const numChanged = todo.filter((input) => ledger.isChanged(input)).length;
  const numDamaged = options.isOverwriting ? 0 : todo.filter((input) => ledger.isDamaged(input)).length;
  const numEdited = inputs.filter((input) => entries.has(input.key) && ledger.isEdited(input)).length;
  const onDone = (entry: LedgerEntry) => {
    entries.set(entry.key, entry);
    if (entry.predictions.length > 0) ledger.add(entry);
  };
  const { classes, isComplete } = await segmentAll(todo, ledger, head, onDone, options);
  const archive = await storeEntries(entries, ledger, options);
  const inOrder = inputs.flatMap((input) => entries.get(input.key) ?? []);
  let predictions = inOrder.flatMap((entry) => entry.predictions);
  const skipped: SkippedInput[] = inOrder.flatMap((entry) => entry.skipped);
  const notes: string[] = [];
  let unmeasured: string | undefined;
  if (measure !== undefined && predictions.length > 0 && !signal?.aborted) {
    const measured = await measure(masksOf(inputs, entries, out), classes);
    predictions = predictions.map((one) => withScores(one, measured));
    notes.push(...measured.notes);
    unmeasured = measured.failure;
  }
  const others = ledger.findOthers(predictions);
  const remarks = predictionRemarks({ numKept, numChanged, numDamaged, numEdited, out, found });
  notes.unshift(...predictionWarnings({ predictions, others, out }));
  for (const message of remarks) listen({ type: "note", level: "info", message });
  for (const message of notes) listen({ type: "note", level: "warning", message });
  const report: PredictionReport = {
    ...head,
    classes,
    // What is stored and measured belongs to it.
    isComplete: isComplete && !signal?.aborted,
    numKept,
    predictions,
    skipped,
    notes: [...remarks, ...notes],
    archive,
    unmeasured,
  };
  // Made from the ledger, again if need be.
  putFile(`${out}/predictions.json`, reportText(report), false);
  putFile(`${out}/predictions.csv`, predictionTable(report), false);
  return report;
}

function headOf({
  model: { name, kind, sha256 },
  producer,
  settings,
  formats,
  hasOverlays = true,
}: PredictOptions): LedgerHead {
  return {
    format: "medssl-predictions",
    version: REPORT_VERSION,
    producer,
    model: { name, kind, sha256 },
    settings: { formats: [...(formats ?? DEFAULT_FORMATS)].sort(), overlays: hasOverlays, ...settings },
  };
}

/** Loads the model where there is work for it. */
async function segmentAll(
  todo: readonly PredictionInput[],
  ledger: PredictionLedger,
  head: LedgerHead,
  onDone: (entry: LedgerEntry) => void,
  options: PredictOptions,
): Promise<{ readonly classes: ReportHead["classes"]; readonly isComplete: boolean }> {
  const { model, out, formats, hasOverlays = true, listen, signal } = options;
  if (todo.length === 0 && ledger.classes !== undefined) return { classes: ledger.classes, isComplete: true };
  const threads = new PredictionThreads(options.numWorkers, todo, options.patienceMs);
  let segmenter: ScanSegmenter | undefined;
  try {
    segmenter = await model.open();
    const classes = segmenter.classes.map(({ name, value, color }: SegmentClass) => ({ name, value, color }));
    ledger.begin({ ...head, classes }, todo);
    const algorithm = { name: model.name, version: model.sha256.slice(0, 12) };
    const isComplete = await segmentInputs(todo, {
      ...{ segmenter, threads, out, formats, hasOverlays, algorithm, listen, signal, onDone },
    });
    return { classes, isComplete };
  } finally {
    await threads.close();
    await segmenter?.dispose();
  }
}

/** What was segmented, or was there, into the archive; the entries say afterwards what became of it. */
async function storeEntries(
  entries: Map<string, LedgerEntry>,
  ledger: PredictionLedger,
  { archive, out, listen, signal }: PredictOptions,
): Promise<ArchiveCourse | undefined> {
  if (archive === undefined || signal?.aborted) return undefined;
  const keyOf = new Map([...entries].flatMap(([key, { predictions }]) => predictions.map((one) => [one, key])));
  return await storeResults([...keyOf.keys()], {
    ...{ archive, out, listen, signal },
    onStored: (prediction, stored) => {
      const key = keyOf.get(prediction)!;
      entries.set(key, ledger.setStored(entries.get(key)!, prediction.name, stored));
    },
  });
}

function masksOf(
  inputs: readonly PredictionInput[],
  entries: ReadonlyMap<string, LedgerEntry>,
  out: string,
): PredictedMask[] {
  return inputs.flatMap(({ key, path }) => {
    const predictions = entries.get(key)?.predictions ?? [];
    return predictions.flatMap(({ name, outputs, spacingMm }) => {
      const mask = outputs.png ?? outputs.nifti;
      if (mask === undefined) return [];
      return [
        {
          name,
          file: resolve(out, mask),
          // Several scans of one input are told apart by their results' names.
          path: predictions.length === 1 ? path : name,
          spacingMm: spacingMm?.map((mm) => mm ?? Number.NaN) as Vec3 | undefined,
        },
      ];
    });
  });
}

function withScores(prediction: Prediction, { scores }: MaskScores): Prediction {
  const own = scores.get(prediction.name);
  if (own === undefined) return prediction;
  const classes = prediction.classes.map((found) => ({ ...found, truth: own.get(found.name) }));
  return { ...prediction, classes };
}
