/**
 * A trained network on new image files: masks and overlays on each image's own grid.
 *
 * Files   OUT/masks/NAME.png holds label indices of a picture, shown in the labels' colors; OUT/masks/NAME.nii.gz those of a
 *         volume or any other NIfTI file, with its affine. OUT/overlays/NAME.png is for looking at: of a volume up to twelve slices, those with labels.
 *         OUT/predictions.csv says which mask is whose, the share of the image that each label covers, and where the
 *         spacing is known its area (pictures) or volume.
 * Errors  a file that cannot be read, or is of another kind than the network learned from (`ERR_INPUT_KIND`,
 *         `ERR_INPUT_COLOR`, `ERR_INPUT_SLICES`), is skipped and listed; the others go on. Those of prediction-inputs.ts
 *         end it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener, type SegmentClass } from "@medssl/contract";
import {
  checkScan,
  elementSize,
  HU_WINDOWS,
  type Image,
  montage,
  onOwnGrid,
  overlayLabels,
  reorientForDisplay,
  type Samples,
  type Scan,
  type ScanSegmenter,
  type SliceForm,
  selectChannel,
  toUint8,
  writeLabelPng,
  writeNifti,
  writePng,
} from "@medssl/imaging";
import { csvTable } from "../csv-table.ts";
import { readScans } from "../ingest/read-scans.ts";
import { listInputs, type PredictionInput } from "./prediction-inputs.ts";

export interface PredictOptions {
  readonly segmenter: ScanSegmenter;
  /** Image files, and folders of them. */
  readonly inputs: readonly string[];
  readonly out: string;
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
  readonly classes: readonly SegmentClass[];
  readonly predictions: readonly Prediction[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly isComplete: boolean;
}

export async function predict(options: PredictOptions): Promise<PredictResult> {
  const { segmenter, out, listen, signal } = options;
  const { inputs, masks } = await listInputs(options.inputs, out);
  const note = (message: string) => listen({ type: "note", level: "warning", message });
  if (masks.length > 0) note(`${masks.length} files are named as masks and left out, such as ${masks[0]}`);
  for (const folder of ["masks", "overlays"]) mkdirSync(join(out, folder), { recursive: true });
  const predictions: Prediction[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const work = countedWork("segment", inputs.length, listen);
  for (const input of inputs) {
    try {
      predictions.push(...(await predictInput(input, out, segmenter, note)));
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
  writeFileSync(join(out, "predictions.csv"), predictionTable(segmenter.classes, predictions));
  return { classes: segmenter.classes, predictions, skipped, isComplete };
}

/** One prediction a scan; a series may hold several. */
async function predictInput(
  { file, name, files }: PredictionInput,
  out: string,
  segmenter: ScanSegmenter,
  note: (message: string) => void,
): Promise<Prediction[]> {
  const { scans, refused } = await readScans({ key: name, files });
  for (const { reason } of refused) note(reason);
  const predictions: Prediction[] = [];
  for (const [i, { scan }] of scans.entries()) {
    checkScan(file, scan, segmenter.plan);
    const ownName = scans.length === 1 ? name : `${name}-scan${i + 1}`;
    predictions.push(await predictScan(scan, file, ownName, out, segmenter));
  }
  return predictions;
}

async function predictScan(
  scan: Scan,
  file: string,
  name: string,
  out: string,
  segmenter: ScanSegmenter,
): Promise<Prediction> {
  const shown = reorientForDisplay(scan);
  const [depth, height, width] = shown.shape;
  const { labels } = await segmenter.segmentShown(shown);
  const isPicture = depth === 1 && !isNiftiName(file);
  const mask = join(out, "masks", isPicture ? `${name}.png` : `${name}.nii.gz`);
  const overlay = join(out, "overlays", `${name}.png`);
  if (isPicture) await writeLabelPng(mask, { width, height, channels: 1, data: labels });
  else await writeNifti(mask, onOwnGrid(labels, shown, scan));
  await writePng(overlay, overlayOf(shown, labels, segmenter.plan.slices));
  const counts = new Float64Array(256);
  for (const label of labels) counts[label]!++;
  const ofEach = (factor: number) =>
    Object.fromEntries(segmenter.classes.map(({ name, value }) => [name, counts[value]! * factor]));
  const size = elementSize(shown);
  return {
    file,
    mask,
    overlay,
    shares: ofEach(1 / labels.length),
    ...(size === undefined ? {} : depth === 1 ? { areasMm2: ofEach(size) } : { volumesMl: ofEach(size) }),
  };
}

const COLUMNS = 4;
const MOST_SLICES = 12;

/** A picture with its labels, or slices of a volume: spread evenly over those with labels, over all where there are none. */
function overlayOf(shown: Scan, labels: Uint8Array, input: SliceForm): Image<Uint8Array> {
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
  { channel, dtype }: SliceForm,
): Image<Uint8Array> {
  const [, height, width] = shape;
  const size = width * height * channels;
  const image = { width, height, channels, data: data.subarray(slice * size, (slice + 1) * size) };
  const isHounsfield = meaning === "hounsfield" || dtype === "int16";
  return toUint8(selectChannel<Samples>(image, channel), isHounsfield ? HU_WINDOWS.abdomen : "percentile");
}

function predictionTable(labels: readonly SegmentClass[], predictions: readonly Prediction[]): string {
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

const isNiftiName = (file: string): boolean => /\.(?:nii|hdr)(?:\.gz)?$/i.test(file);
