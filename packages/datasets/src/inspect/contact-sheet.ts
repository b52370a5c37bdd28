/**
 * A few images of each source as pictures for a page: which ones is seeded, so that the same store shows the same.
 *
 * Choice    images with a mask before others, each of another patient; of a volume a slice that shows labels. Where there
 *           are few volumes, several slices of each, from end to end.
 * Windows   CT in a soft-tissue window, and beside it in a lung window where the slice shows lung.
 * Size      at most 320 pixels on the longer side, JPEG.
 */

import {
  encodeJpeg,
  HU_WINDOWS,
  type Image,
  type LabelImage,
  overlayLabels,
  resizeImage,
  resizeLabels,
  toUint8,
} from "@medssl/imaging";
import { Random } from "../random.ts";
import { type CasePixels, readCase } from "../store/case-pixels.ts";
import type { Pixels } from "../store/npy-file.ts";
import type { Store } from "../store/store.ts";
import { storeNames } from "./store-names.ts";

const MAX_SIDE = 320;
const JPEG_QUALITY = 82;

export interface SheetPicture {
  /** The image's id in its store. */
  readonly id: string;
  /** Of CT: "soft tissue" or "lung". */
  readonly window: string | undefined;
  /** Data URIs; `overlaid` is undefined without a mask. */
  readonly plain: string;
  readonly overlaid: string | undefined;
  readonly width: number;
  readonly height: number;
}

export interface SheetSource {
  /** As in the inspection: no two alike. */
  readonly store: string;
  readonly source: string;
  readonly pictures: readonly SheetPicture[];
}

/** @param count Images of each source; CT slices with lung give two pictures. */
export async function contactSheet(stores: readonly Store[], count: number, seed = 0): Promise<SheetSource[]> {
  const sheet: SheetSource[] = [];
  const names = storeNames(stores);
  for (const [i, store] of stores.entries()) {
    for (const { name } of store.query<{ name: string }>("SELECT name FROM sources ORDER BY name")) {
      const pictures: SheetPicture[] = [];
      for (const image of chooseImages(store, name, count, seed)) pictures.push(...(await drawPictures(store, image)));
      if (pictures.length > 0) sheet.push({ store: names[i]!, source: name, pictures });
    }
  }
  return sheet;
}

/** One image of a store, without its mask. */
export async function drawImage(store: Store, id: string): Promise<SheetPicture> {
  const [image] = store.query<ChosenImage>(`SELECT ${PLACE} FROM cases WHERE id = ?`, id);
  const [picture] = await drawPictures(store, { ...image!, hasMask: 0 });
  return picture!;
}

interface ChosenImage {
  readonly id: string;
  readonly shard: number;
  readonly row: number;
  readonly hasMask: number;
}

const PLACE = "id, shard, row, has_mask AS hasMask";
/** Images that are drawn from, in the order of their pixels' hashes, which is as good as any lot. */
const POOL = 500;

function chooseImages(store: Store, source: string, count: number, seed: number): ChosenImage[] {
  const start = new Random(seed, 5).uint32().toString(16).padStart(8, "0");
  const pool = store.query<{ item: string; patient: string }>(
    `SELECT item, patient FROM cases JOIN sources ON source = sources.number WHERE name = ? AND high > low
     ORDER BY has_mask DESC, pixel_hash < ?, pixel_hash LIMIT ${POOL}`,
    source,
    start,
  );
  const items: string[] = [];
  const patients = new Set<string>();
  for (const { item, patient } of pool) {
    if (items.length === count || patients.has(patient)) continue;
    patients.add(patient);
    items.push(item);
  }
  const perItem = Math.floor(count / Math.max(items.length, 1));
  return items.sort().flatMap((item) => chooseSlices(store, item, perItem));
}

/** Evenly spaced slices among those that show most labels. */
function chooseSlices(store: Store, item: string, count: number): ChosenImage[] {
  const slices = store.query<ChosenImage & { labelCounts: string | null }>(
    `SELECT ${PLACE}, label_counts AS labelCounts FROM cases WHERE item = ? AND high > low ORDER BY slice`,
    item,
  );
  const numLabels = slices.map(({ labelCounts }) => Object.keys(JSON.parse(labelCounts ?? "{}")).length);
  const most = Math.max(...numLabels);
  const shown = count > 1 ? Math.min(most, 1) : most;
  const showing = slices.filter((_, i) => numLabels[i]! >= shown);
  const number = Math.min(count, showing.length);
  return Array.from({ length: number }, (_, i) => showing[Math.floor(((i + 0.5) * showing.length) / number)]!);
}

async function drawPictures(store: Store, image: ChosenImage): Promise<SheetPicture[]> {
  const { image: stored, labels } = readCase(store, { ...image, hasMask: image.hasMask === 1 });
  const pixels = shrink(stored, labels);
  if (pixels.image.data instanceof Uint8Array) {
    return [await drawPicture(image.id, undefined, pixels.image as Image<Uint8Array>, pixels.labels)];
  }
  const windows = {
    "soft tissue": HU_WINDOWS.abdomen,
    ...(showsLung(pixels.image.data) ? { lung: HU_WINDOWS.lung } : {}),
  };
  return Promise.all(
    Object.entries(windows).map(([name, window]) =>
      drawPicture(image.id, name, toUint8(pixels.image, window), pixels.labels),
    ),
  );
}

async function drawPicture(
  id: string,
  window: string | undefined,
  image: Image<Uint8Array>,
  labels: LabelImage | undefined,
): Promise<SheetPicture> {
  const uri = async (picture: Image<Uint8Array>) =>
    `data:image/jpeg;base64,${Buffer.from(await encodeJpeg(picture, JPEG_QUALITY)).toString("base64")}`;
  return {
    id,
    window,
    plain: await uri(image),
    overlaid: labels && (await uri(overlayLabels(image, labels))),
    width: image.width,
    height: image.height,
  };
}

function shrink(image: Image<Pixels>, labels: CasePixels["labels"]): CasePixels {
  const factor = Math.min(MAX_SIDE / Math.max(image.width, image.height), 1);
  const [width, height] = [Math.round(image.width * factor), Math.round(image.height * factor)];
  return { image: resizeImage(image, width, height), labels: labels && resizeLabels(labels, width, height) };
}

/** Between the air around a body and its tissue, in Hounsfield units. */
const LUNG: readonly [number, number] = [-950, -600];
const MIN_LUNG_SHARE = 0.03;

function showsLung(pixels: Pixels): boolean {
  let count = 0;
  for (const value of pixels) if (value > LUNG[0] && value < LUNG[1]) count += 1;
  return count >= MIN_LUNG_SHARE * pixels.length;
}
