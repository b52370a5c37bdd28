/**
 * A fine-tuning run as a model that runs anywhere: a folder of ONNX files, a card that says what they are, and golden images.
 *
 * Parity   the logits of model.onnx are libtorch's (check-parity.ts) on golden images and, where the run's stores are still
 *          there, on all held-out ones; else nothing is exported.
 * Whole    the folder has its name when everything in it is written and measured.
 * Errors   `ERR_EXPORT_EXISTS`, `ERR_EXPORT_PARITY`, `ERR_EXPORT_PRECISION`, `ERR_CLASS_CODES`, those of reading runs and
 *          stores, of tracing (`ERR_ONNX_...`) and of measuring.
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import {
  type ClassCodes,
  MedsslError,
  MODEL_CARD_VERSION,
  type ModelCard,
  modelCardSchema,
  type RunListener,
  type SegmentClass,
  type WeightPrecision,
} from "@medssl/contract";
import { openStore, type RecipeName, type Store } from "@medssl/datasets";
import { structureOf } from "@medssl/imaging";
import type { Device } from "@medssl/torch";
import { arePicturesWithoutBorder } from "../data/black-borders.ts";
import { ImageSet } from "../data/image-set.ts";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { classesOfRun, planOfRun } from "../inference/torch-segmenter.ts";
import { countParameters } from "../nn/module.ts";
import { encodeOnnx, OPSET_VERSION } from "../onnx/encode-onnx.ts";
import { toFloat16 } from "../onnx/float16.ts";
import type { Graph } from "../onnx/graph.ts";
import { quantizeWeights } from "../onnx/quantize.ts";
import { traceNetwork } from "../onnx/trace-network.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { checkParity, LARGEST_DIFFERENCE } from "./check-parity.ts";
import { metricsOf } from "./held-out-metrics.ts";
import { measurePrecisions, type PrecisionLoss } from "./measure-precisions.ts";
import { checkOut, ModelFolder } from "./model-folder.ts";
import type { AsyncNetwork } from "./queued-network.ts";
import { middleSpacing, trainingFacts } from "./training-facts.ts";
import { type GoldenParity, writeGolden } from "./write-golden.ts";

export interface ExportOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  readonly out: string;
  readonly isOverwriting?: boolean;
  /** Beside fp32, which is always there. @default none */
  readonly precisions?: readonly WeightPrecision[];
  /** Measured on in the place of the run's own stores. */
  readonly stores?: readonly Store[] | undefined;
  readonly device: Device;
  /** @default the name of `out` */
  readonly name?: string | undefined;
  readonly intendedUse?: string | undefined;
  readonly license?: string | undefined;
  readonly codes?: ClassCodes | undefined;
  /** What it learned from. @default what the run says; of runs that say nothing, what their stores hold */
  readonly kinds?: readonly RecipeName[] | undefined;
  /** Program and version. */
  readonly producer: string;
  /** Runs a file, as those who get the model will. */
  readonly openNetwork: (path: string) => Promise<AsyncNetwork>;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface Parity {
  /** Largest difference of a logit from libtorch's. */
  readonly difference: number;
  /** Share of the pixels with libtorch's label, 0-1. */
  readonly sameLabels: number;
}

export interface ExportedPrecision {
  readonly precision: WeightPrecision;
  readonly file: string;
  readonly bytes: number;
  readonly golden: Parity;
  /** On held-out images, where there were some. */
  readonly heldOut: (Parity & Pick<PrecisionLoss, "loss">) | undefined;
}

export interface ExportResult {
  readonly card: ModelCard;
  readonly precisions: readonly ExportedPrecision[];
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

const SMALLEST_SAME = 0.9999;
/** What other processors may differ by, of what this one differed by; and the labels of so many pixels, where images are small. */
const MARGIN = 3;

const UNKNOWN_USE =
  "Research. It is no medical device: nobody has shown that it is safe to treat patients by what it finds.";
const UNKNOWN_LICENSE = "Not stated. The terms of its training images may bind it, too: ask who exported it.";
const UNKNOWN_KINDS =
  "Nobody says what kind of images it learned from (the run is of an earlier version, and its stores are gone): the card refuses none of another kind, such as CT. --kind says it, such as --kind xray.";

/** @returns undefined when the signal came before it was whole; nothing is left then. */
export async function exportRun(options: ExportOptions): Promise<ExportResult | undefined> {
  const { dir, out, device, openNetwork, producer, isOverwriting = false } = options;
  checkOut(out, isOverwriting);
  const { run, network } = loadSegmenter(dir, device);
  const classes = withCodes(classesOfRun(run), options.codes ?? {});
  const { recipe } = run;
  const graph = traceNetwork(network, { channels: 2 * recipe.contextSlices + 1, size: recipe.inputSize });
  const folder = new ModelFolder(out, isOverwriting);
  const networks = new Map<WeightPrecision, AsyncNetwork>();
  try {
    const wanted = precisions.filter((one) => one.name === "fp32" || options.precisions?.includes(one.name));
    for (const { name, file, convert } of wanted) {
      folder.write(file, encodeOnnx(convert(graph), { producerVersion: producer }));
      networks.set(name, await openNetwork(folder.pathOf(file)));
    }
    const stores = storesOf(run);
    const isToldAll = run.kinds !== undefined && run.cropsBlackBorder !== undefined;
    // What runs of earlier versions do not say, their stores do.
    const learned = isToldAll ? undefined : setLearnedFrom([...stores, ...(options.stores ?? [])], run.patients);
    const plan = planOfRun({
      ...run,
      kinds: options.kinds ?? run.kinds ?? learned?.kinds ?? [],
      cropsBlackBorder: run.cropsBlackBorder ?? (learned !== undefined && arePicturesWithoutBorder(learned)),
    });
    const numLabels = run.labels.length + 1;
    const golden = await writeGolden(folder, network, { plan, numLabels, device, networks });
    for (const [precision, { worst }] of golden.parity) requireNumbers(precision, worst.difference, "golden images");
    const doubts = checkParity(dir, "golden images", golden.parity.get("fp32")!.worst, device);
    const measured = await measure(options, run, network, networks, options.stores ?? stores);
    if (measured === undefined) return undefined;
    const exported = wanted.map(({ name: precision, file }): ExportedPrecision => {
      const heldOut = measured.losses?.get(precision);
      const { worst, sameLabels } = golden.parity.get(precision)!;
      return {
        precision,
        file,
        bytes: folder.files[file]!.bytes,
        golden: { difference: worst.difference, sameLabels },
        heldOut: heldOut && {
          difference: heldOut.worst.difference,
          sameLabels: heldOut.loss.sameLabels,
          loss: heldOut.loss,
        },
      };
    });
    const spacing = middleSpacing(run, stores);
    const card = modelCardSchema.parse({
      format: "medssl-model",
      version: MODEL_CARD_VERSION,
      name: options.name ?? basename(resolve(out)),
      createdAt: new Date().toISOString(),
      producer,
      task: "segmentation",
      architecture: { head: recipe.head, parameters: countParameters(network) },
      classes,
      plan,
      ...(spacing === undefined ? {} : { expectedSpacingMm: spacing }),
      weights: exported.map(({ precision, file, heldOut }) => ({
        precision,
        file,
        tolerance: toleranceOf(golden.parity.get(precision)!),
        ...(heldOut === undefined ? {} : { loss: heldOut.loss }),
      })),
      opset: OPSET_VERSION,
      training: trainingFacts(run, stores),
      metrics: measured.metrics,
      intendedUse: options.intendedUse ?? UNKNOWN_USE,
      license: options.license ?? UNKNOWN_LICENSE,
      golden: golden.card,
      files: folder.files,
    } satisfies ModelCard);
    folder.publish(card);
    const silent = "No file said how large its pixels are: the card expects no size, and has no distances.";
    const spacingNotes = stores.length > 0 && spacing === undefined ? [silent] : [];
    const stored =
      "No file said how it lies in the patient: the card says that slices were learned from as stored, and prediction warns.";
    const notes = [
      ...codeNotes(classes),
      ...doubts,
      ...measured.notes,
      ...spacingNotes,
      ...(plan.isAsStored ? [stored] : []),
      ...(plan.kinds.length === 0 ? [UNKNOWN_KINDS] : []),
    ];
    return { card, precisions: exported, notes };
  } finally {
    for (const one of networks.values()) await one.release();
    folder.discard();
  }
}

const precisions: readonly { name: WeightPrecision; file: string; convert: (graph: Graph) => Graph }[] = [
  { name: "fp32", file: "model.onnx", convert: (graph) => graph },
  { name: "fp16", file: "model.fp16.onnx", convert: toFloat16 },
  { name: "int8", file: "model.int8.onnx", convert: quantizeWeights },
];

function withCodes(classes: readonly SegmentClass[], codes: ClassCodes): SegmentClass[] {
  const unknown = Object.keys(codes).find((name) => !classes.some((one) => one.name === name));
  if (unknown !== undefined) {
    const names = classes.map(({ name }) => name).join(", ");
    throw new MedsslError("ERR_CLASS_CODES", `The codes name a class ${unknown}; the model has ${names}.`);
  }
  return classes.map((one) => ({ ...one, ...(codes[one.name] as Partial<SegmentClass> | undefined) }));
}

/** Names that no code was found for. */
function codeNotes(classes: readonly SegmentClass[]): string[] {
  const unknown = classes.filter(({ name, type }) => {
    const found = structureOf(name);
    return !found.isKnown && type.value === found.type.value;
  });
  return unknown.map(
    ({ name, type }) =>
      `No code is known for the name ${name}: the card says no more than ${type.meaning}. --codes takes a better one.`,
  );
}

/** The stores that it learned from; none where one of them is gone. */
function storesOf({ stores }: FinetuneRun): Store[] {
  return stores.every((dir) => existsSync(join(dir, "store.json"))) ? stores.map(openStore) : [];
}

/** The labelled images of these patients. */
function setLearnedFrom(stores: readonly Store[], patients: readonly string[]): ImageSet | undefined {
  const learned = new Set(patients);
  const selections = stores.map((store) => ({
    store,
    cases: store.cases.filter((one) => one.hasMask && learned.has(one.patient)),
  }));
  return selections.some(({ cases }) => cases.length > 0) ? new ImageSet(selections) : undefined;
}

interface Measured {
  readonly metrics: ModelCard["metrics"];
  readonly losses: ReadonlyMap<WeightPrecision, PrecisionLoss> | undefined;
  readonly notes: readonly string[];
}

/** @returns undefined when the signal came first. */
async function measure(
  { dir, device, listen, signal }: ExportOptions,
  run: FinetuneRun,
  network: ReturnType<typeof loadSegmenter>["network"],
  networks: ReadonlyMap<WeightPrecision, AsyncNetwork>,
  stores: readonly Store[],
): Promise<Measured | undefined> {
  const heldOut = new Set(run.heldOutPatients);
  const learned = new Set(run.patients);
  const labeled = stores.flatMap(({ cases }) => cases.filter(({ hasMask }) => hasMask));
  const on = labeled.some(({ patient }) => heldOut.has(patient)) ? "held-out" : "all";
  if (!labeled.some(({ patient }) => !learned.has(patient))) {
    const reason = stores.length === 0 ? "the stores that it learned from are gone" : "nobody was held out";
    const note = `No labelled images to measure on (${reason}): the card says nothing of how good it is, nor of what other precisions lose. --store gives some.`;
    return { metrics: null, losses: undefined, notes: [note] };
  }
  const evaluation = await evaluateRun({ dir, stores, on, device, listen, signal });
  if (evaluation === undefined) return undefined;
  const { set, volumes, scores } = evaluation;
  const losses = await measurePrecisions(network, { run, set, volumes, networks, device, listen, signal });
  if (losses === undefined) return undefined;
  for (const [precision, { worst }] of losses) requireNumbers(precision, worst.difference, "held-out images");
  const doubts = checkParity(dir, "held-out images", losses.get("fp32")!.worst, device);
  const names = stores.map(({ name }) => name).join(", ");
  const data =
    on === "held-out"
      ? `Patients of the training data (${names}) who were kept for testing.`
      : `Patients of ${names} whose labels were not learned from.`;
  return { metrics: metricsOf(scores, set.count, data), losses, notes: doubts };
}

/** Float16 ends at 65504: a network that goes beyond gives infinities, and then no numbers. */
function requireNumbers(precision: WeightPrecision, difference: number, images: string): void {
  if (precision === "fp32" || Number.isFinite(difference)) return;
  throw new MedsslError("ERR_EXPORT_PRECISION", `In ${precision} the network gives no numbers on ${images}`, {
    hint: `Nothing was exported. Export it without ${precision}.`,
  });
}

/** What `medssl verify` allows on golden images. */
function toleranceOf({ worst, sameLabels, pixels }: GoldenParity): { logits: number; labels: number } {
  const labels = Math.min(1 - MARGIN * (1 - sameLabels), SMALLEST_SAME, 1 - MARGIN / pixels);
  return {
    logits: Number(Math.max(MARGIN * worst.difference, LARGEST_DIFFERENCE).toPrecision(3)),
    labels: Math.floor(1e5 * labels) / 1e5,
  };
}
