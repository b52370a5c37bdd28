/**
 * The same place in other patients' images: found, drawn and written down.
 *
 * Files    OUT/query.png, OUT/result-01.png, ..., all of them in OUT/regions.png, and the numbers in OUT/regions.json.
 * Units    places in pixels of the original image, 0 being the middle of the first, and in shares of its width and height. They
 *          may lie beyond its edge: another patient's image may show less of the body.
 * Order    the most similar image first.
 * Errors   `ERR_POINT` outside of the image, and those of the run, the stores and the query.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { fitPlace, type Image, montage, type Place, unfitPlace, writePng } from "@medssl/imaging";
import { type Device, noGrad, scope } from "@medssl/torch";
import { loadPlaceEncoder } from "./place-encoder.ts";
import { describeImage, findPlaces } from "./place-search.ts";
import { caseImage, chooseTargets, imageTensor, type RegionImage, readQuery } from "./region-image.ts";
import { drawFound, drawQuery, onSquare } from "./region-picture.ts";

/** A point as a user gives it: pixels as a viewer counts them from 0, or shares of width and height. */
export interface RegionPoint extends Place {
  readonly unit: "pixels" | "shares";
}

export interface RegionsOptions {
  /** Folder of a pre-training run. */
  readonly dir: string;
  /** A file, or the id of a case in one of the stores. */
  readonly image: string;
  readonly point: RegionPoint;
  readonly stores: readonly Store[];
  /** Patients to search in, at most. */
  readonly count: number;
  readonly out: string;
  readonly device: Device;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

/** A place in an image. */
export interface ImagePoint {
  readonly pixels: readonly [x: number, y: number];
  readonly shares: readonly [x: number, y: number];
}

export interface RegionResult {
  readonly case: string;
  readonly patient: string;
  readonly store: string;
  readonly width: number;
  readonly height: number;
  readonly picture: string;
  /** The most similar first; at least one. */
  readonly points: readonly (ImagePoint & { readonly similarity: number })[];
}

export interface RegionsResult {
  readonly encoder: string;
  readonly query: ImagePoint & { readonly image: string; readonly width: number; readonly height: number };
  readonly results: readonly RegionResult[];
  readonly isComplete: boolean;
}

/** Points of an image that are told. */
const POINTS = 3;
/** Pictures in a row of the overview. */
const ROW = 4;

export async function findRegions(options: RegionsOptions): Promise<RegionsResult> {
  const { dir, image, point, stores, count, out, device, listen, signal } = options;
  const encoder = loadPlaceEncoder(dir, device);
  const query = await readQuery(image, stores);
  const asked = placeOf(point, query);
  const targets = chooseTargets(stores, query, count);
  mkdirSync(out, { recursive: true });
  const described = noGrad(() => scope(() => describeImage(encoder, imageTensor(query, device))));
  const work = countedWork("search", targets.length, listen);
  const found: { target: RegionImage; store: Store; place: ReturnType<typeof findPlaces>[number] }[] = [];
  for (const { store, found: one } of targets) {
    const target = caseImage(store, one);
    const [place] = scope(() => findPlaces(encoder, described, imageTensor(target, device), [asked], POINTS));
    if (place!.peaks.length > 0) found.push({ target, store, place: place! });
    work.advance();
    await setImmediate();
    if (signal?.aborted) break;
  }
  const isComplete = work.end();
  found.sort((a, b) => b.place.peaks[0]!.similarity - a.place.peaks[0]!.similarity);
  const pictures: Image<Uint8Array>[] = [drawQuery(query, asked)];
  await writePng(join(out, "query.png"), pictures[0]!);
  const results: RegionResult[] = [];
  for (const [i, { target, store, place }] of found.entries()) {
    const picture = join(out, `result-${String(i + 1).padStart(2, "0")}.png`);
    pictures.push(drawFound(target, place));
    await writePng(picture, pictures.at(-1)!);
    const points = place.peaks.map((peak) => ({
      ...imagePoint(peak, target),
      similarity: Number(peak.similarity.toFixed(4)),
    }));
    const { name, patient, width, height } = target;
    results.push({ case: name, patient: patient!, store: store.dir, width, height, picture, points });
  }
  await writeOverview(join(out, "regions.png"), pictures);
  const { name, width, height } = query;
  const result: RegionsResult = {
    encoder: dir,
    query: { image: name, width, height, ...imagePoint(asked, query) },
    results,
    isComplete,
  };
  writeFileSync(join(out, "regions.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

/** Where the point lies in the stored image. */
function placeOf({ x, y, unit }: RegionPoint, { name, recipe, width, height }: RegionImage): Place {
  const shares = unit === "shares" ? { x, y } : { x: (x + 0.5) / width, y: (y + 0.5) / height };
  const text = unit === "shares" ? `${100 * x}%,${100 * y}%` : `${x},${y}`;
  if (!isInside(shares)) {
    throw new MedsslError("ERR_POINT", `${text} lies outside of ${name}: it has ${width} x ${height} pixels`, {
      hint: `Expected x from 0 to ${width - 1} and y from 0 to ${height - 1}, or percent from 0% to 100%.`,
    });
  }
  const place = fitPlace(shares, recipe, width, height);
  if (!isInside(place)) {
    throw new MedsslError("ERR_POINT", `${text} lies in a part of ${name} that the store's images leave out`, {
      hint: "The store keeps the middle of long images; ingest with --fit pad to keep all.",
    });
  }
  return place;
}

const isInside = ({ x, y }: Place): boolean => x >= 0 && x <= 1 && y >= 0 && y <= 1;

/** @param place In the stored image. */
function imagePoint(place: Place, { recipe, width, height }: RegionImage): ImagePoint {
  const { x, y } = unfitPlace(place, recipe, width, height);
  return {
    pixels: [Number((x * width - 0.5).toFixed(1)), Number((y * height - 0.5).toFixed(1))],
    shares: [Number(x.toFixed(4)), Number(y.toFixed(4))],
  };
}

/** The query and the results, row by row. */
async function writeOverview(path: string, pictures: readonly Image<Uint8Array>[]): Promise<void> {
  const squares = pictures.map(onSquare);
  const blank = { ...squares[0]!, data: new Uint8Array(squares[0]!.data.length).fill(255) };
  const columns = Math.min(ROW, squares.length);
  const rows: Image<Uint8Array>[][] = [];
  for (let i = 0; i < squares.length; i += columns) {
    rows.push(Array.from({ length: columns }, (_, column) => squares[i + column] ?? blank));
  }
  await writePng(path, montage(rows));
}
