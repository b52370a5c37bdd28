/**
 * How far from the truth a place is found in other patients' X-rays: on phantoms, whose landmarks are known.
 *
 * Setting   360 phantom patients; the recipe `tiny` (MIM + ACL) on the first 300, made once and kept in `.bench/regions`.
 *           Each landmark of each of the other 60 is searched for in the next one.
 * Beside    the same position copied, and the same search with the network's random weights before training.
 * Units     distance between found and true place, in percent of the image's width.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { ingest, openStore, parseLabels, readCase, type Store, writePhantoms } from "@medssl/datasets";
import {
  describeImage,
  findPlaces,
  loadPlaceEncoder,
  loadRecipe,
  type PlaceEncoder,
  pretrain,
  untrainedPlaceEncoder,
} from "@medssl/learn";
import { fromTypedArray, scope, type Tensor } from "@medssl/torch";
import { benchDir } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const PATIENTS = 360;
/** Side of the pictures, in pixels. */
const SIZE = 256;
const TRAINED = 300;

/** Shares of the picture's width and height. */
interface Place {
  readonly x: number;
  readonly y: number;
}

interface TestImage {
  readonly image: Tensor;
  readonly landmarks: ReadonlyMap<string, Place>;
}

export async function run(): Promise<BenchmarkResult> {
  const dir = join(benchDir, "regions");
  const [phantoms, storeDir, runDir] = ["phantoms", "store", "run"].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await writePhantoms({ dir: phantoms, task: "lungs", cases: PATIENTS, seed: 1, size: SIZE }, () => {});
  if (!existsSync(storeDir)) await ingest([phantoms], { store: storeDir, labels: parseLabels("lungs") }, () => {});
  const store = openStore(storeDir);
  const recipe = parseRecipe(pretrainSchema, loadRecipe("pretrain", "tiny"));
  await pretrain({
    name: "regions",
    selections: [{ store, cases: store.cases.slice(0, TRAINED) }],
    recipe,
    dir: runDir,
    isResumed: existsSync(runDir),
    device: "cpu",
    listen: () => {},
  });
  const images = testImages(store, join(phantoms, "landmarks.csv"));
  const trained = measure(loadPlaceEncoder(runDir, "cpu"), images);
  const untrained = measure(untrainedPlaceEncoder(runDir, "cpu"), images);
  const copied = errorsOf(images, () => (places) => places);
  const names = [...trained.keys()];
  const all = (errors: ReadonlyMap<string, readonly number[]>) => [...errors.values()].flat();
  return {
    name: "regions",
    rows: [
      ...names.map((name) => row(name, trained.get(name)!, copied.get(name)!, untrained.get(name)!)),
      row("all", all(trained), all(copied), all(untrained)),
    ],
  };
}

function row(landmark: string, trained: readonly number[], copied: readonly number[], untrained: readonly number[]) {
  const percent = (share: number) => Number((100 * share).toFixed(2));
  const mean = (errors: readonly number[]) => errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return {
    landmark,
    searches: trained.length,
    "mean %": percent(mean(trained)),
    "median %": percent(median(trained)),
    "90th %": percent(trained.toSorted((a, b) => a - b)[Math.floor(0.9 * trained.length)]!),
    "copied, mean %": percent(mean(copied)),
    "untrained, mean %": percent(mean(untrained)),
  };
}

/** The patients that were not trained on. A squashed picture has its places at the same shares as the file. */
function testImages(store: Store, landmarksPath: string): TestImage[] {
  const landmarks = new Map<string, Map<string, Place>>();
  for (const line of readFileSync(landmarksPath, "utf8").trim().split("\n").slice(1)) {
    const [image, name, x, y] = line.split(",") as [string, string, string, string];
    const places = landmarks.get(basename(image)) ?? new Map<string, Place>();
    landmarks.set(basename(image), places.set(name, { x: (Number(x) + 0.5) / SIZE, y: (Number(y) + 0.5) / SIZE }));
  }
  return store.cases.slice(TRAINED).map((one) => {
    const { width, height, data } = readCase(store, { ...one, hasMask: false }).image;
    const image = fromTypedArray(
      Float32Array.from(data, (value) => value / 255),
      [1, 1, height, width],
    );
    return { image, landmarks: landmarks.get(basename(store.fileOf(one)!))! };
  });
}

/** Finds places of one image in another. */
type Search = (places: readonly Place[], to: TestImage) => readonly Place[];

/** Errors by landmark, with the encoder's search. */
const measure = (encoder: PlaceEncoder, images: readonly TestImage[]): Map<string, number[]> =>
  errorsOf(images, (from) => {
    const query = describeImage(encoder, from.image);
    return (places, to) => scope(() => findPlaces(encoder, query, to.image, places, 1).map(({ peaks }) => peaks[0]!));
  });

function errorsOf(images: readonly TestImage[], searchFrom: (from: TestImage) => Search): Map<string, number[]> {
  const errors = new Map<string, number[]>();
  for (const [i, from] of images.entries()) {
    const to = images[(i + 1) % images.length]!;
    const shared = [...from.landmarks].filter(([name]) => to.landmarks.has(name));
    const found = searchFrom(from)(
      shared.map(([, place]) => place),
      to,
    );
    for (const [k, [name]] of shared.entries()) {
      const truth = to.landmarks.get(name)!;
      errors.set(name, [...(errors.get(name) ?? []), Math.hypot(found[k]!.x - truth.x, found[k]!.y - truth.y)]);
    }
  }
  return errors;
}
