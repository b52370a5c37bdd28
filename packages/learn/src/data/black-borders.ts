/**
 * Whether pictures were learned from without the black borders that scanners leave around films: then those of new pictures
 * have to go, or the network looks for lungs in them.
 */
import { hasBlackBorder } from "@medssl/imaging";
import { scope } from "@medssl/torch";
import type { ImageSet } from "./image-set.ts";

/** Those that are looked at, spread over the set. */
const MOST_IMAGES = 200;
/** Where more of them have a border than this share, it was learned what borders are. */
const MOST_BORDERED = 0.02;
/** Kinds that are pictures. CT and MR have air around the patient. */
const PICTURES: readonly string[] = ["xray", "fundus", "picture"];

export function arePicturesWithoutBorder(set: ImageSet): boolean {
  if (!set.kinds.every((kind) => PICTURES.includes(kind))) return false;
  const count = Math.min(set.count, MOST_IMAGES);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * set.count) / count));
  const bordered = chosen.filter((i) => {
    const { width, height } = set.cases[i]!;
    const pixels = scope(() => set.images([i]).mul(255).round().to({ dtype: "uint8" }).toTypedArray() as Uint8Array);
    return hasBlackBorder(pixels, set.recipe, width, height);
  });
  return bordered.length <= MOST_BORDERED * count;
}
