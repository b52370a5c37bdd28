/**
 * A trained network on new image files: masks and overlays on each image's own grid.
 *
 * Files   OUT/masks/NAME.png holds label indices of a picture, shown in the labels' colors; OUT/masks/NAME.nii.gz those of a
 *         volume or any other NIfTI file, with its affine. OUT/overlays/NAME.png is for looking at: of a volume up to twelve slices, those with labels.
 *         OUT/predictions.csv says which mask is whose, the share of the image that each label covers, and where the
 *         spacing is known its area (pictures) or volume.
 * Errors  a file that cannot be read, or is of another kind than the network learned from (`ERR_INPUT_KIND`,
 *         `ERR_INPUT_SLICES`), is skipped and listed; the others go on. Those of prediction-inputs.ts, and
 *         `ERR_OPTION_OVERLAP`, end it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { countedWork, type InferenceOptions, MedsslError, type RunListener } from "@medssl/contract";
import { type Label, modalityOfDicom, readScans, type StoreRecipe } from "@medssl/datasets";
import {
  HU_WINDOWS,
  type Image,
  montage,
  overlayLabels,
  reorientForDisplay,
  type Samples,
  type Scan,
  selectChannel,
  toUint8,
  writeLabelPng,
  writeNifti,
  writePng,
} from "@medssl/imaging";
import type { Device } from "@medssl/torch";
import { kindText } from "../data/image-set.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { isNifti } from "./compare-masks.ts";
import { csvTable } from "./csv-table.ts";
import { loadSegmenter } from "./load-segmenter.ts";
import { listInputs, type PredictionInput } from "./prediction-inputs.ts";
import { elementSize, onOwnGrid, type ScanSegmenter, segmentScan } from "./segment-scan.ts";

export interface PredictOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  /** Image files, and folders of them. */
  readonly inputs: readonly string[];
  readonly out: string;
  /** In the place of the recipe's. */
  readonly inference?: Partial<Pick<InferenceOptions, "tileOverlap" | "flips">>;
  /** Whether the run's post-processing is applied. @default true */
  readonly isCleaned?: boolean;
  /** Whether pictures are segmented in tiles of their own pixels, not at the size that the network learned at. @default false */
  readonly isNative?: boolean;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface Prediction {
  readonly file: string;
  readonly mask: string;
  readonly overlay: string;
  /** Share of the image that each label covers, 0-1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Area of each label in mm2, of a picture whose file says the size of its pixels. */
  readonly areasMm2?: Readonly<Record<string, number>>;
  /** Volume of each label, of a volume whose file says the size of its voxels. */
  readonly volumesMl?: Readonly<Record<string, number>>;
}

export interface PredictResult {
  readonly labels: readonly Label[];
  readonly predictions: readonly Prediction[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly isComplete: boolean;
}

export async function predict(options: PredictOptions): Promise<PredictResult> {
  const { dir, out, device, listen, signal } = options;
  const { run, network } = loadSegmenter(dir, device);
  const segmenter = { ...segmenterOf(run, options), network, device };
  const check = (file: string, scan: Scan) => {
    checkKind(file, scan, run);
    checkSlices(file, scan, run.recipe.contextSlices);
  };
  const { inputs, masks } = await listInputs(options.inputs, out);
  const note = (message: string) => listen({ type: "note", level: "warning", message });
  if (masks.length > 0) note(`${masks.length} files are named as masks and left out, such as ${masks[0]}`);
  for (const folder of ["masks", "overlays"]) mkdirSync(join(out, folder), { recursive: true });
  const predictions: Prediction[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const work = countedWork("segment", inputs.length, listen);
  for (const input of inputs) {
    try {
      predictions.push(...(await predictInput(input, out, run.labels, segmenter, { check, note })));
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      skipped.push({ file: input.file, reason: error.message });
    }
    work.advance();
    await setImmediate();
    if (signal?.aborted) break;
  }
  const isComplete = work.end();
  const unsized = predictions.filter(({ areasMm2, volumesMl }) => areasMm2 === undefined && volumesMl === undefined);
  if (unsized.length > 0) {
    note(
      `${unsized.length} images do not say how large their pixels are, such as ${unsized[0]!.file}: no areas or volumes`,
    );
  }
  writeFileSync(join(out, "predictions.csv"), predictionTable(run.labels, predictions));
  return { labels: run.labels, predictions, skipped, isComplete };
}

/** @throws {MedsslError} `ERR_OPTION_OVERLAP` */
function segmenterOf(
  { recipe, statistics, input, postProcessing }: FinetuneRun,
  { inference = {}, isCleaned = true, isNative = false, dir }: PredictOptions,
): Omit<ScanSegmenter, "network" | "device"> {
  const mode = isNative ? "tiles" : recipe.inference.mode;
  if (inference.tileOverlap !== undefined && mode === "whole") {
    throw new MedsslError(
      "ERR_OPTION_OVERLAP",
      `${dir}: this model segments pictures as a whole, there are no tiles to overlap`,
      {
        hint: "Leave --overlap out; or fine-tune with inference.mode=tiles.",
      },
    );
  }
  return {
    inputSize: recipe.inputSize,
    inference: { ...recipe.inference, ...inference, mode },
    statistics,
    contextSlices: recipe.contextSlices,
    input,
    isNative,
    postProcessing: isCleaned ? (postProcessing ?? []) : [],
  };
}

/** One prediction a scan; a series may hold several. */
async function predictInput(
  { file, name, files }: PredictionInput,
  out: string,
  classes: readonly Label[],
  segmenter: ScanSegmenter,
  { check, note }: { check(file: string, scan: Scan): void; note(message: string): void },
): Promise<Prediction[]> {
  const { scans, refused } = await readScans({ key: name, files });
  for (const { reason } of refused) note(reason);
  const predictions: Prediction[] = [];
  for (const [i, { scan }] of scans.entries()) {
    check(file, scan);
    const ownName = scans.length === 1 ? name : `${name}-scan${i + 1}`;
    predictions.push(await predictScan(scan, file, ownName, out, classes, segmenter));
  }
  return predictions;
}

async function predictScan(
  scan: Scan,
  file: string,
  name: string,
  out: string,
  classes: readonly Label[],
  segmenter: ScanSegmenter,
): Promise<Prediction> {
  const shown = reorientForDisplay(scan);
  const [depth, height, width] = shown.shape;
  const labels = segmentScan(shown, segmenter);
  const isPicture = depth === 1 && !isNifti(file);
  const mask = join(out, "masks", isPicture ? `${name}.png` : `${name}.nii.gz`);
  const overlay = join(out, "overlays", `${name}.png`);
  if (isPicture) await writeLabelPng(mask, { width, height, channels: 1, data: labels });
  else await writeNifti(mask, onOwnGrid(labels, shown, scan));
  await writePng(overlay, overlayOf(shown, labels, segmenter.input));
  const counts = new Float64Array(256);
  for (const label of labels) counts[label]!++;
  const ofEach = (factor: number) =>
    Object.fromEntries(classes.map(({ name, value }) => [name, counts[value]! * factor]));
  const size = elementSize(shown);
  return {
    file,
    mask,
    overlay,
    shares: ofEach(1 / labels.length),
    ...(size === undefined ? {} : depth === 1 ? { areasMm2: ofEach(size) } : { volumesMl: ofEach(size) }),
  };
}

/**
 * Refuses grey values where Hounsfield units were learned from, and the other way round; and DICOM files of another modality.
 * Volumes whose file does not say what its numbers are, such as NIfTI, may be either; so may pictures, of which nobody says
 * what they show.
 *
 * @throws {MedsslError} `ERR_INPUT_KIND`
 */
export function checkKind(
  file: string,
  { meaning, modality, data }: Pick<Scan, "meaning" | "modality" | "data">,
  { input, kinds = [] }: { readonly input: Pick<StoreRecipe, "dtype"> } & Pick<FinetuneRun, "kinds">,
): void {
  const isGray = meaning === "shown" || data instanceof Uint8Array || (modality !== undefined && modality !== "CT");
  const found = meaning === "hounsfield" ? "int16" : isGray ? "uint8" : input.dtype;
  const kind = modality === undefined ? undefined : modalityOfDicom(modality);
  const isOtherKind = kind !== undefined && kinds.length > 0 && !kinds.includes("picture") && !kinds.includes(kind);
  if (found === input.dtype && !isOtherKind) return;
  const [learned, given] =
    found === input.dtype
      ? [`images of the kind ${kinds.join(", ")}`, `the modality ${modality}`]
      : [kindText(input), kindText({ dtype: found })];
  throw new MedsslError("ERR_INPUT_KIND", `${file}: the model was trained on ${learned}, this file has ${given}`, {
    hint: "Give it images of the kind that it was trained on; CT as DICOM or NIfTI, not as pictures.",
  });
}

/** @throws {MedsslError} `ERR_INPUT_SLICES`: a picture for a network that sees several slices at once. */
export function checkSlices(file: string, { shape }: Pick<Scan, "shape">, contextSlices: number): void {
  if (contextSlices === 0 || shape[0] > 1) return;
  throw new MedsslError(
    "ERR_INPUT_SLICES",
    `${file}: the model sees ${2 * contextSlices + 1} slices of a volume at once, this file has one picture`,
    { hint: "Give it volumes: NIfTI files, or folders of DICOM series." },
  );
}

const COLUMNS = 4;
const MOST_SLICES = 12;

/** A picture with its labels, or slices of a volume: spread evenly over those with labels, over all where there are none. */
function overlayOf(shown: Scan, labels: Uint8Array, input: StoreRecipe): Image<Uint8Array> {
  const [depth, height, width] = shown.shape;
  const size = height * width;
  const maskOf = (z: number) => labels.subarray(z * size, (z + 1) * size);
  const overlay = (z: number) =>
    overlayLabels(graySlice(shown, z, input), { width, height, channels: 1, data: maskOf(z) });
  if (depth === 1) return overlay(0);
  const all = Array.from({ length: depth }, (_, z) => z);
  const labeled = all.filter((z) => maskOf(z).some((label) => label > 0));
  const chosen = evenly(labeled.length > 0 ? labeled : all);
  const columns = Math.min(COLUMNS, chosen.length);
  const blank = { width, height, channels: 1, data: new Uint8Array(size) } as const;
  const tiles: Image<Uint8Array>[] = chosen.map(overlay);
  while (tiles.length % columns > 0) tiles.push(blank);
  return montage(
    Array.from({ length: tiles.length / columns }, (_, row) => tiles.slice(row * columns, (row + 1) * columns)),
  );
}

const evenly = (slices: readonly number[]): number[] => {
  const count = Math.min(MOST_SLICES, slices.length);
  return Array.from({ length: count }, (_, i) => slices[Math.floor(((i + 0.5) * slices.length) / count)]!);
};

/** A slice at its own size for a person to look at; CT in a soft-tissue window. */
function graySlice(
  { shape, channels, data, meaning }: Scan,
  slice: number,
  { channel, dtype }: StoreRecipe,
): Image<Uint8Array> {
  const [, height, width] = shape;
  const size = width * height * channels;
  const image = { width, height, channels, data: data.subarray(slice * size, (slice + 1) * size) };
  const isHounsfield = meaning === "hounsfield" || dtype === "int16";
  return toUint8(selectChannel<Samples>(image, channel), isHounsfield ? HU_WINDOWS.abdomen : "percentile");
}

function predictionTable(labels: readonly Label[], predictions: readonly Prediction[]): string {
  const names = labels.map(({ name }) => name);
  const inUnit = (values: Readonly<Record<string, number>> | undefined) =>
    names.map((name) => (values === undefined ? "" : values[name]!.toFixed(3)));
  return csvTable(
    ["file", "mask", ...names, ...names.map((name) => `${name} mm2`), ...names.map((name) => `${name} ml`)],
    predictions.map(({ file, mask, shares, areasMm2, volumesMl }) => [
      file,
      basename(mask),
      ...names.map((name) => shares[name]!.toFixed(6)),
      ...inUnit(areasMm2),
      ...inUnit(volumesMl),
    ]),
  );
}
