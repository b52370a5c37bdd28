/**
 * The images between which places are searched: the query, a file or a case of a store, and cases of other patients.
 *
 * Files    of any format that is read elsewhere. One that the stores were made from is its case there; others are brought to the
 *          size and the numbers of the most frequent kind of image.
 * Targets  cases of the query's kind, one a patient, evenly spread over the stores; never of the query's own patient.
 * Errors   `ERR_REGION_IMAGE` when the query is neither a file nor a case, or holds several slices; `ERR_INPUT_KIND` when it
 *          holds other numbers than the stores; `ERR_STORE_EMPTY` when there is nobody else to search.
 */
import { existsSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type Case, type RecipeName, readCase, type Store, type StoreRecipe } from "@medssl/datasets";
import { cutSlices, type Image, numbersText, readScan, reorientForDisplay, type Scan } from "@medssl/imaging";
import { type Device, fromTypedArray, scope, type Tensor } from "@medssl/torch";
import { toUnit } from "../data/image-set.ts";

export interface RegionImage {
  /** File, or id of the case. */
  readonly name: string;
  /** As stored: grey values or Hounsfield units, at the recipe's size. */
  readonly pixels: Image<Uint8Array | Int16Array>;
  readonly recipeName: RecipeName;
  readonly recipe: StoreRecipe;
  /** Of the original, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Hash; of a file that the stores do not have, nobody knows it. */
  readonly patient: string | undefined;
}

/** Grey values of 0-1, [1, 1, H, W]. */
export function imageTensor({ pixels, recipe }: RegionImage, device: Device): Tensor {
  const { width, height, data } = pixels;
  return scope(() => toUnit(fromTypedArray(data, [1, 1, height, width]).to({ device }), recipe));
}

/** @param name A file, or the id of a case in one of the stores. */
export async function readQuery(name: string, stores: readonly Store[]): Promise<RegionImage> {
  const isFile = existsSync(name);
  for (const store of stores) {
    const [found, ...others] = isFile ? store.casesOf(name) : [];
    if (found !== undefined && others.length === 0) return { ...caseImage(store, found), name };
  }
  if (isFile) return readFile(name, stores);
  for (const store of stores) {
    const found = store.cases.find(({ id }) => id === name);
    if (found !== undefined) return caseImage(store, found);
  }
  const where = stores.map(({ dir }) => dir).join(", ");
  throw new MedsslError("ERR_REGION_IMAGE", `${name}: no such file, and no case of this id in ${where}`, {
    hint: "Give an image file, or the id of a case as `medssl inspect` and regions.json have it.",
  });
}

export function caseImage(store: Store, found: Case): RegionImage {
  const { id, recipe: recipeName, shard, width, height, patient } = found;
  const { recipe } = store.shards[shard]!;
  const { image } = readCase(store, { ...found, hasMask: false });
  return { name: id, pixels: image, recipeName, recipe, width, height, patient };
}

async function readFile(file: string, stores: readonly Store[]): Promise<RegionImage> {
  const scan = reorientForDisplay(await readScan(file));
  const [depth, height, width] = scan.shape;
  if (depth !== 1) {
    throw new MedsslError("ERR_REGION_IMAGE", `${file}: expected one image, got a volume of ${depth} slices`, {
      hint: "Ingest it, and give the id of the slice's case, such as source/name#0012.",
    });
  }
  const { store, recipeName } = storeOfKind(file, scan, stores);
  const recipe = store.info.recipes[recipeName];
  const [slice] = cutSlices(scan, undefined, recipe);
  if (slice === undefined) {
    throw new MedsslError("ERR_REGION_IMAGE", `${file}: every pixel has the same value; there is no place to find`);
  }
  const pixels = { width: recipe.width, height: recipe.height, channels: 1, data: slice.pixels } as const;
  return { name: file, pixels, recipeName, recipe, width, height, patient: undefined };
}

/** Of the kinds of images that the stores hold, the most frequent one with numbers like the file's. */
function storeOfKind(file: string, scan: Scan, stores: readonly Store[]) {
  const isHounsfield = scan.meaning === "hounsfield";
  const kinds = stores.flatMap((store) =>
    Object.entries(store.info.statistics).map(([name, { cases }]) => ({
      store,
      recipeName: name as RecipeName,
      cases,
    })),
  );
  const fitting = kinds
    .filter(({ store, recipeName }) => (store.info.recipes[recipeName].dtype === "int16") === isHounsfield)
    .sort((a, b) => b.cases - a.cases);
  if (fitting.length > 0) return fitting[0]!;
  const dtype = isHounsfield ? "int16" : "uint8";
  const held = numbersText(isHounsfield ? "uint8" : "int16");
  throw new MedsslError("ERR_INPUT_KIND", `${file} holds ${numbersText(dtype)}, the stores hold ${held}`, {
    hint: "Search among images of the same modality.",
  });
}

export interface Target {
  readonly store: Store;
  readonly found: Case;
}

/** @param count So many patients, or as many as there are. */
export function chooseTargets(stores: readonly Store[], query: RegionImage, count: number): Target[] {
  const ofPatients = new Map<string, Target>();
  for (const store of stores) {
    for (const found of store.cases) {
      if (found.recipe !== query.recipeName || found.patient === query.patient) continue;
      if (!ofPatients.has(found.patient)) ofPatients.set(found.patient, { store, found });
    }
  }
  const all = [...ofPatients.values()];
  if (all.length === 0) {
    const where = stores.map(({ dir }) => dir).join(", ");
    throw new MedsslError("ERR_STORE_EMPTY", `${where}: no image of this kind of another patient to search in`, {
      hint: "Give a store with images of the same modality as the query's.",
    });
  }
  const chosen = Math.min(count, all.length);
  return Array.from({ length: chosen }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / chosen)]!);
}
