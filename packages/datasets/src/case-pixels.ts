import type { Image, LabelImage } from "@medssl/imaging";
import { readNpyRow } from "./npy-file.ts";
import type { Case, Store } from "./store.ts";

export interface CasePixels {
  readonly image: Image<Uint8Array>;
  readonly labels: LabelImage | undefined;
}

/** Reads one case from its store, for pictures and checks; training maps the shards instead. */
export function readCase(store: Store, { shard, row, hasMask }: Case): CasePixels {
  const { width, height } = store.info.recipe;
  const { imagePath, maskPath } = store.shards[shard]!;
  const read = (path: string) =>
    ({ width, height, channels: 1, data: readNpyRow(path, row, width * height) }) as const satisfies LabelImage;
  return { image: read(imagePath), labels: hasMask && maskPath !== undefined ? read(maskPath) : undefined };
}
