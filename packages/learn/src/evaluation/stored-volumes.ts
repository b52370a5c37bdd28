/**
 * Which stored images are slices of one volume: what is measured as one case.
 *
 * Units    spacing [z, y, x] in mm, of the stored pixels: the original's, as the store's recipe has resized it. z is NaN
 *          where nothing says it. Undefined where the size of a pixel is not known.
 */
import type { Case, Store, StoreRecipe } from "@medssl/datasets";
import { fitSpacing, type Vec3 } from "@medssl/imaging";
import type { Selection } from "../data/image-set.ts";

export interface StoredVolume {
  /** The item's id: that of its slices without their number. */
  readonly name: string;
  readonly patient: string;
  /** Positions in the set, in the order of the slices. */
  readonly indices: readonly number[];
  /** Of each, counted from the first: slices that hold nothing are not stored. */
  readonly places: readonly number[];
  /** [depth, height, width] from the first stored slice to the last. */
  readonly shape: Vec3;
  readonly spacingMm: Vec3 | undefined;
}

/** What the catalog says of a slice. */
interface SliceFacts {
  readonly item: string;
  readonly slice: number;
  readonly slices: number;
  readonly spacingX: number | null;
  readonly spacingY: number | null;
  readonly spacingZ: number | null;
}

interface PlacedSlice {
  /** In the set. */
  readonly index: number;
  readonly stored: Case;
  readonly facts: SliceFacts;
  readonly recipe: StoreRecipe;
}

/** Images by the volume that they are slices of, in the order of `new ImageSet(selections)`; a picture is a volume of one. */
export function storedVolumes(selections: readonly Selection[]): StoredVolume[] {
  const volumes: PlacedSlice[][] = [];
  let index = 0;
  for (const { store, cases } of selections) {
    const facts = factsOf(store);
    const byItem = new Map<string, PlacedSlice[]>();
    for (const stored of cases) {
      const slice = facts.get(stored.id)!;
      const volume = byItem.get(slice.item) ?? [];
      if (volume.length === 0) volumes.push(volume);
      byItem.set(slice.item, volume);
      volume.push({ index: index++, stored, facts: slice, recipe: store.info.recipes[stored.recipe] });
    }
  }
  return volumes.map(volumeOf);
}

function factsOf(store: Store): Map<string, SliceFacts> {
  const rows = store.query<SliceFacts & { id: string }>(
    `SELECT id, item, slice, slices, spacing_x AS spacingX, spacing_y AS spacingY, spacing_z AS spacingZ
     FROM cases WHERE has_mask = 1`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function volumeOf(slices: readonly PlacedSlice[]): StoredVolume {
  const sorted = slices.toSorted((a, b) => a.facts.slice - b.facts.slice);
  const first = sorted[0]!;
  const places = sorted.map(({ facts }) => facts.slice - first.facts.slice);
  return {
    name: first.facts.slices > 1 ? first.facts.item : first.stored.id,
    patient: first.stored.patient,
    indices: sorted.map(({ index }) => index),
    places,
    shape: [places.at(-1)! + 1, first.recipe.height, first.recipe.width],
    spacingMm: storedSpacing(first),
  };
}

function storedSpacing({ facts: { spacingX, spacingY, spacingZ }, stored, recipe }: PlacedSlice): Vec3 | undefined {
  if (spacingX === null || spacingY === null) return undefined;
  const [y, x] = fitSpacing([spacingY, spacingX], recipe, stored.width, stored.height);
  return [spacingZ ?? Number.NaN, y, x];
}
