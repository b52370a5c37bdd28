/**
 * A trained network on new image files: masks and overlays at each image's own size, of volumes one a slice.
 *
 * Files   OUT/masks/NAME.png holds label indices, shown in the labels' colors; OUT/overlays/NAME.png is for looking at;
 *         OUT/predictions.csv says which mask is whose, and the share of the image that each label covers.
 * Errors  a file that cannot be read, or holds other numbers than the network learned from (`ERR_INPUT_KIND`), is skipped
 *         and listed; the others go on.
 */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, extname, join, resolve, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { cutSlices, isImageFile, type Label, SourceFolder, type StoreRecipe } from "@medssl/datasets";
import {
  HU_WINDOWS,
  type Image,
  type LabelImage,
  overlayLabels,
  readScan,
  reorientForDisplay,
  type Samples,
  type Scan,
  selectChannel,
  toUint8,
  unfitLabels,
  writeLabelPng,
  writePng,
} from "@medssl/imaging";
import { type Device, fromTypedArray, scope } from "@medssl/torch";
import { kindText, toUnit } from "../data/image-set.ts";
import { labelMaps, type Segmenter, segmentImages } from "../inference/segment-images.ts";
import type { FinetuneRun } from "../training/run-directory.ts";
import { csvTable } from "./csv-table.ts";
import { loadSegmenter } from "./load-segmenter.ts";
import { grayImage } from "./pictures.ts";

export interface PredictOptions {
  /** Folder of a fine-tuning run. */
  readonly dir: string;
  /** Image files, and folders of them. */
  readonly inputs: readonly string[];
  readonly out: string;
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
}

export interface PredictResult {
  readonly labels: readonly Label[];
  readonly predictions: readonly Prediction[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly isComplete: boolean;
}

export async function predict({ dir, inputs, out, device, listen, signal }: PredictOptions): Promise<PredictResult> {
  const { run, network } = loadSegmenter(dir, device);
  const files = listFiles(inputs, out);
  const names = uniqueNames(files);
  for (const folder of ["masks", "overlays"]) mkdirSync(join(out, folder), { recursive: true });
  const predictions: Prediction[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const work = countedWork("segment", files.length, listen);
  for (const [i, file] of files.entries()) {
    try {
      predictions.push(...(await predictFile(file, names[i]!, out, run, network, device)));
    } catch (error) {
      if (!(error instanceof MedsslError)) throw error;
      skipped.push({ file, reason: error.message });
    }
    work.advance();
    await setImmediate();
    if (signal?.aborted) break;
  }
  const isComplete = work.end();
  writeFileSync(join(out, "predictions.csv"), sharesTable(run.labels, predictions));
  return { labels: run.labels, predictions, skipped, isComplete };
}

/** One prediction a slice; slices come from foot to head. @param name Of the masks' and overlays' files, without extension */
async function predictFile(
  file: string,
  name: string,
  out: string,
  { input, labels: classes, statistics, recipe }: FinetuneRun,
  network: Segmenter,
  device: Device,
): Promise<Prediction[]> {
  const scan = reorientForDisplay(await readScan(file));
  checkKind(file, scan, input);
  const [depth, height, width] = scan.shape;
  const { inputSize, inference } = recipe;
  const predictions: Prediction[] = [];
  for (const { pixels, slice } of cutSlices(scan, undefined, input)) {
    const labels: LabelImage = scope(() => {
      const images = toUnit(fromTypedArray(pixels, [1, 1, input.height, input.width]).to({ device }), input);
      return grayImage(labelMaps(segmentImages(network, images, { inputSize, inference, statistics })).select(0, 0));
    });
    const mask = unfitLabels(labels, input, width, height);
    const picture = depth === 1 ? `${name}.png` : `${name}-${String(slice).padStart(4, "0")}.png`;
    const [maskPath, overlayPath] = [join(out, "masks", picture), join(out, "overlays", picture)];
    await writeLabelPng(maskPath, mask);
    await writePng(overlayPath, overlayLabels(graySlice(scan, slice, input), mask));
    const share = (value: number) =>
      mask.data.reduce((count, label) => count + (label === value ? 1 : 0), 0) / (width * height);
    const shares = Object.fromEntries(classes.map((label) => [label.name, share(label.value)]));
    predictions.push({ file, mask: maskPath, overlay: overlayPath, shares });
  }
  return predictions;
}

/**
 * Refuses grey values where Hounsfield units were learned from, and the other way round. Volumes whose file does not say
 * what its numbers are, such as NIfTI, may be either.
 *
 * @throws {MedsslError} `ERR_INPUT_KIND`
 */
export function checkKind(
  file: string,
  { meaning, modality, data }: Pick<Scan, "meaning" | "modality" | "data">,
  input: Pick<StoreRecipe, "dtype">,
): void {
  const isGray = meaning === "shown" || data instanceof Uint8Array || (modality !== undefined && modality !== "CT");
  const found = meaning === "hounsfield" ? "int16" : isGray ? "uint8" : input.dtype;
  if (found === input.dtype) return;
  throw new MedsslError(
    "ERR_INPUT_KIND",
    `${file}: the model was trained on ${kindText(input)}, this file has ${kindText({ dtype: found })}`,
    { hint: "Give it images of the kind that it was trained on; CT as DICOM or NIfTI, not as pictures." },
  );
}

/** A slice at its own size for a person to look at; CT in a soft-tissue window. */
function graySlice(
  { shape, channels, data, meaning }: Scan,
  slice: number,
  { channel }: StoreRecipe,
): Image<Uint8Array> {
  const [, height, width] = shape;
  const size = width * height * channels;
  const image = { width, height, channels, data: data.subarray(slice * size, (slice + 1) * size) };
  return toUint8(selectChannel<Samples>(image, channel), meaning === "hounsfield" ? HU_WINDOWS.abdomen : "percentile");
}

/** Told to be images as ingest tells them, by name or by content; what an earlier prediction wrote is none. */
function listFiles(inputs: readonly string[], out: string): string[] {
  const results = `${resolve(out)}${sep}`;
  const files = inputs.flatMap((input) => {
    const entry = statSync(input, { throwIfNoEntry: false });
    if (entry === undefined) throw new MedsslError("ERR_INPUT_MISSING", `${input}: no such file or folder`);
    if (!entry.isDirectory()) return [input];
    return [...new SourceFolder(input).walk()]
      .map((name) => join(input, name))
      .filter((file) => !resolve(file).startsWith(results) && isImageFile(file));
  });
  if (files.length === 0) {
    throw new MedsslError("ERR_INPUT_EMPTY", `No image in ${inputs.join(", ")}.`, {
      hint: "Give image files of a format that `medssl ingest` reads, or a folder of them.",
    });
  }
  return files;
}

/** A name of its own for each file's result: the stem, with a number where another file has it already. */
export function uniqueNames(files: readonly string[]): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = basename(file, extname(file)).replace(/\.nii$/i, "");
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`;
    taken.add(name.toLowerCase()); // some disks do not tell A from a
    return name;
  });
}

function sharesTable(labels: readonly Label[], predictions: readonly Prediction[]): string {
  const names = labels.map(({ name }) => name);
  return csvTable(
    ["file", "mask", ...names],
    predictions.map(({ file, mask, shares }) => [
      file,
      basename(mask),
      ...names.map((name) => shares[name]!.toFixed(6)),
    ]),
  );
}
