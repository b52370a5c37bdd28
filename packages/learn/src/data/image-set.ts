/**
 * Rows of one or several stores as batches: mapped memory in, tensors out.
 *
 * Shapes  images float32 [B, C, H, W] of 0-1; masks uint8 [B, H, W] of label indices. H and W are those of the first
 *         case's recipe; unlabelled images of other recipes are scaled to it, so that X-rays and CT train together.
 * Slices  C is 1, or 2 k + 1 where k slices on each side are asked for (2.5-D): neighbours in the same volume of the same
 *         store, with or without a mask, in the selection or not. See volume-index.ts for what stands in at the ends.
 * Values  grey values are divided by 255; Hounsfield units are shown in a soft-tissue window, -175..250 HU.
 *         Images that are learned from with their masks are of one size and of one kind of numbers.
 * Errors  `ERR_STORE_EMPTY` without a case, `ERR_STORE_SIZES`, `ERR_STORE_KINDS` and `ERR_LABELS_DIFFER` when what has masks
 *         does not go together, `ERR_STORE_DAMAGED` when a file is missing or cut off, `ERR_STORE_BLANK` when every pixel has the same value.
 */
import { MedsslError } from "@medssl/contract";
import type { Case, Label, RecipeName, Store, StoreRecipe } from "@medssl/datasets";
import { numbersText, unitRange } from "@medssl/imaging";
import { cat, type Device, fromTypedArray, interpolate, keep, mapNpy, scope, type Tensor } from "@medssl/torch";
import { VolumeIndex } from "./volume-index.ts";

interface Shard {
  readonly images: Tensor;
  readonly masks: Tensor | undefined;
  readonly recipe: StoreRecipe;
}

/** A row of a shard here. */
interface Place {
  readonly shard: number;
  readonly row: number;
}

/** Cases of one store. */
export interface Selection {
  readonly store: Store;
  readonly cases: readonly Case[];
}

export class ImageSet {
  readonly cases: readonly Case[];
  /** How the first case was stored; the others are brought to its size. */
  readonly recipe: StoreRecipe;
  readonly height: number;
  readonly width: number;
  readonly #shards: Shard[] = [];
  readonly #stores: readonly Store[];
  /** Of each case. */
  readonly #places: (Place & { readonly store: Store })[] = [];
  /** Positions in `#shards` by the images' path. */
  readonly #shardNumbers = new Map<string, number>();
  readonly #volumes = new Map<Store, VolumeIndex>();

  constructor(selections: readonly Selection[]) {
    this.cases = selections.flatMap(({ cases }) => cases);
    if (this.cases.length === 0) {
      throw new MedsslError("ERR_STORE_EMPTY", `No image to work with in ${names(selections)}.`, {
        hint: "`medssl ingest` tells what it found; images without masks cannot be learned from or measured on.",
      });
    }
    this.#stores = selections.map(({ store }) => store);
    for (const { store, cases } of selections) {
      for (const { shard, row } of cases) this.#places.push({ store, shard: this.#openShard(store, shard), row });
    }
    this.recipe = this.#shards[this.#places[0]!.shard]!.recipe;
    this.width = this.recipe.width;
    this.height = this.recipe.height;
  }

  get count(): number {
    return this.cases.length;
  }

  /** What the images are, by how they were stored. */
  get kinds(): readonly RecipeName[] {
    return [...new Set(this.cases.map(({ recipe }) => recipe))].sort();
  }

  /**
   * What the masks show, the same in all stores that have some; without masks nothing.
   *
   * @throws {MedsslError} `ERR_STORE_SIZES`, `ERR_STORE_KINDS`, `ERR_LABELS_DIFFER`: the images cannot be learned from together.
   */
  get labels(): readonly Label[] {
    this.#checkRecipes();
    const [first, ...others] = this.#stores.filter(({ info }) => info.labels.length > 0);
    const other = others.find(({ info }) => labelText(info.labels) !== labelText(first!.info.labels));
    if (other !== undefined) {
      throw new MedsslError(
        "ERR_LABELS_DIFFER",
        `Stores of different labels: ${first!.name} has ${labelText(first!.info.labels)}, ${other.name} has ${labelText(other.info.labels)}.`,
        { hint: "Ingest them with the same --labels, so that names and values agree." },
      );
    }
    return first?.info.labels ?? [];
  }

  #checkRecipes(): void {
    const { width, height, dtype } = this.recipe;
    const where = [...new Set(this.#stores.map(({ dir }) => dir))].join(", ");
    for (const { recipe: other } of this.#shards) {
      if (other.width !== width || other.height !== height) {
        throw new MedsslError(
          "ERR_STORE_SIZES",
          `Images with masks of different sizes: ${width}x${height} and ${other.width}x${other.height}, in ${where}.`,
          { hint: "Ingest them into stores of one size with --size." },
        );
      }
      if (other.dtype !== dtype) {
        throw new MedsslError(
          "ERR_STORE_KINDS",
          `Images with masks of two kinds of numbers: ${numbersText(this.recipe.dtype)} and ${numbersText(other.dtype)}, in ${where}.`,
          { hint: "Ingest them into stores of their own, CT apart from others, and train a model of each." },
        );
      }
    }
  }

  /**
   * @param indices Positions in `cases`.
   * @param device Where values become floats of 0-1; rows travel as they are stored.
   * @param contextSlices Slices of the same volume on each side, as channels.
   * @returns float32 [B, 2 * contextSlices + 1, H, W]
   */
  images(indices: readonly number[], device: Device = "cpu", contextSlices = 0): Tensor {
    const places = indices.flatMap((index) => this.#around(index, contextSlices));
    return scope(() => {
      const slices = this.#gather(places, ({ images, recipe }, rows) => {
        const unit = toUnit(images.indexSelect(0, rows).unsqueeze(1).to({ device }), recipe);
        const isOwnSize = recipe.width === this.width && recipe.height === this.height;
        return isOwnSize ? unit : interpolate(unit, [this.height, this.width], "bilinear-antialias");
      });
      return slices.view([indices.length, 2 * contextSlices + 1, this.height, this.width]);
    });
  }

  /**
   * The numbers as they are stored, grey values of 0-255 or Hounsfield units, brought to one size.
   *
   * @param size Height and width of the result. @returns float32 [B, 1, H, W]
   */
  stored(indices: readonly number[], device: Device, [height, width]: readonly [number, number]): Tensor {
    return this.#gather(this.#placesOf(indices), ({ images, recipe }, rows) => {
      const values = images.indexSelect(0, rows).unsqueeze(1).to({ device }).to({ dtype: "float32" });
      const isThatSize = recipe.width === width && recipe.height === height;
      return isThatSize ? values : interpolate(values, [height, width], "bilinear-antialias");
    });
  }

  /** Whether any case is stored in Hounsfield units. */
  get hasHounsfield(): boolean {
    return this.#shards.some(({ recipe }) => recipe.dtype === "int16");
  }

  /** Whether a case is stored in Hounsfield units. */
  isHounsfield(index: number): boolean {
    return this.#shards[this.#places[index]!.shard]!.recipe.dtype === "int16";
  }

  /** @param indices Positions in `cases`, each with a mask. @returns uint8 [B, H, W] */
  masks(indices: readonly number[]): Tensor {
    return this.#gather(this.#placesOf(indices), ({ masks }, rows) => masks!.indexSelect(0, rows));
  }

  /** Position of a store's shard in `#shards`, where it is mapped if it is not yet. */
  #openShard(store: Store, shard: number): number {
    const { imagePath, maskPath, recipe } = store.shards[shard]!;
    const known = this.#shardNumbers.get(imagePath);
    if (known !== undefined) return known;
    const masks = maskPath === undefined ? undefined : mapShard(maskPath, store);
    this.#shardNumbers.set(imagePath, this.#shards.length);
    return this.#shards.push({ images: mapShard(imagePath, store), masks, recipe }) - 1;
  }

  #placesOf(indices: readonly number[]): Place[] {
    return indices.map((index) => this.#places[index]!);
  }

  /** A case's place, between those of its neighbours. */
  #around(index: number, contextSlices: number): Place[] {
    const place = this.#places[index]!;
    if (contextSlices === 0) return [place];
    const { store } = place;
    let volumes = this.#volumes.get(store);
    if (volumes === undefined) {
      volumes = new VolumeIndex(store);
      this.#volumes.set(store, volumes);
    }
    const slices = volumes.around(this.cases[index]!, contextSlices);
    return slices.map(({ shard, row }) => ({ shard: this.#openShard(store, shard), row }));
  }

  /** @param read What is wanted of some rows of a shard, [R, ...] @returns The same of all places, in their order */
  #gather(places: readonly Place[], read: (shard: Shard, rows: Tensor) => Tensor): Tensor {
    const numbered = places.map(({ shard, row }, position) => ({ shard, row, position }));
    const byShard = Map.groupBy(numbered, ({ shard }) => shard);
    return scope(() => {
      const pieces = [...byShard].map(([shard, rows]) => read(this.#shards[shard]!, int64(rows.map(({ row }) => row))));
      if (pieces.length === 1) return pieces[0]!;
      const order = new Array<number>(places.length);
      [...byShard.values()].flat().forEach(({ position }, i) => {
        order[position] = i;
      });
      return cat(pieces).indexSelect(0, int64(order).to({ device: pieces[0]!.device }));
    });
  }
}

/** Stored values to floats of 0-1. @param images [B, 1, H, W] */
export function toUnit(images: Tensor, { dtype }: Pick<StoreRecipe, "dtype">): Tensor {
  const [low, high] = unitRange(dtype);
  return scope(() => {
    const unit = images
      .to({ dtype: "float32" })
      .sub(low)
      .div(high - low);
    return dtype === "int16" ? unit.clamp(0, 1) : unit;
  });
}

function mapShard(path: string, { dir }: Store): Tensor {
  try {
    return keep(mapNpy(path));
  } catch (cause) {
    throw new MedsslError("ERR_STORE_DAMAGED", `The store ${dir} is damaged: ${(cause as Error).message}`, {
      hint: "Delete its folder and ingest the images again.",
      cause,
    });
  }
}

export const labelText = (labels: readonly Label[]): string =>
  labels.map(({ value, name }) => `${value} ${name}`).join(", ");

const int64 = (values: readonly number[]): Tensor => fromTypedArray(BigInt64Array.from(values, BigInt));

function names(selections: readonly Selection[]): string {
  return selections.map(({ store }) => store.dir).join(", ") || "no store";
}

/** Images that the statistics are measured on, at most. */
const MEASURED = 2048;

/**
 * Mean and standard deviation of the pixels, scaled to 0-1; of evenly spaced images where there are very many.
 *
 * @param windows CT is seen in each of these, in HU. @default the one for fine-tuning
 */
export function measureStatistics(
  set: ImageSet,
  windows: readonly (readonly [number, number])[] = [unitRange("int16")],
): { readonly mean: number; readonly std: number } {
  const count = Math.min(set.count, MEASURED);
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    const index = Math.floor((i * set.count) / count);
    const ranges = set.isHounsfield(index) ? windows : [unitRange("uint8")];
    scope(() => {
      const stored = set.stored([index], "cpu", [set.height, set.width]).to({ dtype: "float64" });
      for (const [low, high] of ranges) {
        const pixels = stored
          .sub(low)
          .div(high - low)
          .clamp(0, 1);
        sum += pixels.mean().item() / (count * ranges.length);
        squares += pixels.square().mean().item() / (count * ranges.length);
      }
    });
  }
  const variance = squares - sum ** 2;
  if (!(variance > Number.EPSILON)) {
    throw new MedsslError("ERR_STORE_BLANK", "The images are blank: every pixel has the same value.", {
      hint: "Look at the source's files, and at the range that they were read with.",
    });
  }
  return { mean: sum, std: Math.sqrt(variance) };
}
