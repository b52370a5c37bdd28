/**
 * Which stored slices lie beside each other in their volumes.
 *
 * Order   that of the scan. An item that several scans were read from is one volume, one scan behind the other.
 * Cost    one reading of the catalog; a slice's neighbours are then found in as many steps as they are.
 */
import type { Store } from "@medssl/datasets";

/** Where a slice's pixels are in the store. */
export interface SlicePlace {
  readonly shard: number;
  readonly row: number;
}

interface Slice extends SlicePlace {
  /** Position in the scan; slices that were not stored leave gaps. */
  readonly slice: number;
}

export class VolumeIndex {
  /** Of each slice: its volume's slices in order, and its place among them. */
  readonly #places = new Map<string, { readonly volume: readonly Slice[]; readonly at: number }>();

  constructor(store: Store) {
    let [current, volume]: [unknown, Slice[]] = [undefined, []];
    store.eachRow("SELECT item, slice, shard, row FROM cases WHERE slices > 1 ORDER BY item, slice", (columns) => {
      const [item, slice, shard, row] = columns as [string, number, number, number];
      if (item !== current) [current, volume] = [item, []];
      this.#places.set(key({ shard, row }), { volume, at: volume.length });
      volume.push({ slice, shard, row });
    });
  }

  /**
   * The slices from `reach` before a slice to `reach` behind it, itself in the middle.
   *
   * Where one is not there, beyond an end or left out of the store as blank, the nearest to it that is comes in its
   * stead; of two as near the one towards the middle. What is no slice of a volume is its own neighbour.
   *
   * @returns 2 * reach + 1 places
   */
  around(place: SlicePlace, reach: number): SlicePlace[] {
    const found = this.#places.get(key(place));
    const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
    if (found === undefined) return offsets.map(() => place);
    const { volume, at } = found;
    return offsets.map((offset) => {
      const wanted = volume[at]!.slice + offset;
      const distance = (i: number) => Math.abs((volume[i]?.slice ?? Number.POSITIVE_INFINITY) - wanted);
      const step = Math.sign(offset);
      let nearest = at;
      while (distance(nearest + step) < distance(nearest)) nearest += step;
      return volume[nearest]!;
    });
  }
}

const key = ({ shard, row }: SlicePlace): string => `${shard} ${row}`;
