/**
 * Rows of one or several stores as batches: mapped memory in, tensors out.
 *
 * Shapes  images uint8 [B, 1, H, W]; masks uint8 [B, H, W] of label indices. H and W are the stores' own.
 * Errors  `ERR_STORE_EMPTY` without a case, `ERR_STORE_SIZES` and `ERR_LABELS_DIFFER` when stores do not go together,
 *         `ERR_STORE_DAMAGED` when a file is missing or cut off, `ERR_STORE_BLANK` when every pixel has the same value.
 */
import { MedsslError } from "@medssl/contract";
import type { Case, Label, Store } from "@medssl/datasets";
import { cat, fromTypedArray, keep, mapNpy, scope, type Tensor } from "@medssl/torch";

interface Shard {
  readonly images: Tensor;
  readonly masks: Tensor | undefined;
}

/** Cases of one store. */
export interface Selection {
  readonly store: Store;
  readonly cases: readonly Case[];
}

export class ImageSet {
  readonly cases: readonly Case[];
  readonly height: number;
  readonly width: number;
  readonly #shards: Shard[] = [];
  readonly #stores: readonly Store[];
  /** Of each case: its shard here, and its row there. */
  readonly #places: { readonly shard: number; readonly row: number }[] = [];

  constructor(selections: readonly Selection[]) {
    this.cases = selections.flatMap(({ cases }) => cases);
    if (this.cases.length === 0) {
      throw new MedsslError("ERR_STORE_EMPTY", `No image to work with in ${names(selections)}.`, {
        hint: "`medssl ingest` tells what it found; images without masks cannot be learned from or measured on.",
      });
    }
    const { width, height } = selections[0]!.store.info.recipe;
    this.width = width;
    this.height = height;
    this.#stores = selections.map(({ store }) => store);
    for (const { store, cases } of selections) {
      const { recipe } = store.info;
      if (recipe.width !== width || recipe.height !== height) {
        throw new MedsslError(
          "ERR_STORE_SIZES",
          `Stores of different sizes: ${selections[0]!.store.name} has ${width}x${height}, ${store.name} has ${recipe.width}x${recipe.height}.`,
          { hint: `Ingest ${store.name} again with --size ${width}x${height}.` },
        );
      }
      const first = this.#shards.length;
      for (const { imagePath, maskPath } of store.shards) {
        this.#shards.push({
          images: mapShard(imagePath, store),
          masks: maskPath === undefined ? undefined : mapShard(maskPath, store),
        });
      }
      for (const { shard, row } of cases) this.#places.push({ shard: first + shard, row });
    }
  }

  get count(): number {
    return this.cases.length;
  }

  /** What the masks show, the same in all stores that have some; without masks nothing. */
  get labels(): readonly Label[] {
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

  /** @param indices Positions in `cases`. @returns uint8 [B, 1, H, W] */
  images(indices: readonly number[]): Tensor {
    return scope(() => this.#gather(indices, ({ images }) => images).unsqueeze(1));
  }

  /** @param indices Positions in `cases`, each with a mask. @returns uint8 [B, H, W] */
  masks(indices: readonly number[]): Tensor {
    return this.#gather(indices, ({ masks }) => masks!);
  }

  #gather(indices: readonly number[], part: (shard: Shard) => Tensor): Tensor {
    const places = indices.map((index, position) => ({ ...this.#places[index]!, position }));
    const byShard = Map.groupBy(places, ({ shard }) => shard);
    return scope(() => {
      const pieces = [...byShard].map(([shard, rows]) =>
        part(this.#shards[shard]!).indexSelect(0, int64(rows.map(({ row }) => row))),
      );
      if (pieces.length === 1) return pieces[0]!;
      const order = new Array<number>(indices.length);
      [...byShard.values()].flat().forEach(({ position }, i) => {
        order[position] = i;
      });
      return cat(pieces).indexSelect(0, int64(order));
    });
  }
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

/** Mean and standard deviation of the pixels, scaled to 0-1; of evenly spaced images where there are very many. */
export function measureStatistics(set: ImageSet): { readonly mean: number; readonly std: number } {
  const count = Math.min(set.count, MEASURED);
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    scope(() => {
      const pixels = set
        .images([Math.floor((i * set.count) / count)])
        .to({ dtype: "float64" })
        .div(255);
      sum += pixels.mean().item() / count;
      squares += pixels.square().mean().item() / count;
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
