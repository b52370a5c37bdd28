import type { Image, LabelImage } from "@medssl/imaging";
import { readNpyRow } from "./npy-file.ts";
import type { Store } from "./store.ts";

export interface CasePixels {
  /** Grey values, or Hounsfield units of a CT recipe. */
  readonly image: Image<Uint8Array | Int16Array>;
  readonly labels: LabelImage | undefined;
}

/** Reads one case from its store, for pictures and checks; training maps the shards instead. */
export function readCase(store: Store, place: { shard: number; row: number; hasMask: boolean }): CasePixels {
  const { recipe, imagePath, maskPath } = store.shards[place.shard]!;
  const { width, height } = recipe;
  const image = { width, height, channels: 1, data: readNpyRow(imagePath, place.row, recipe) } as const;
  if (!place.hasMask || maskPath === undefined) return { image, labels: undefined };
  const data = readNpyRow(maskPath, place.row, { width, height, dtype: "uint8" }) as Uint8Array;
  return { image, labels: { width, height, channels: 1, data } };
}
