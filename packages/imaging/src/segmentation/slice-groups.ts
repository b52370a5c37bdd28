/**
 * Slices of a volume a few at a time, each with those around it that the network sees as channels.
 *
 * Missing  where one is not there, beyond an end or left out as blank, the nearest to it that is comes in its stead, as in
 *          training.
 */
import type { StoredSlice } from "./cut-slices.ts";
import type { SlicePixels } from "./slice-form.ts";

/** Slices that are segmented together. */
const SLICES_AT_ONCE = 4;

export interface SliceGroup {
  /** Positions in the volume. */
  readonly slices: readonly number[];
  /** Of each the pixels of the slices around it, itself in the middle. */
  readonly around: readonly (readonly SlicePixels[])[];
}

/** @param contextSlices On each side. */
export function* groupSlices(stored: Iterable<StoredSlice>, contextSlices: number): Generator<SliceGroup> {
  let window: StoredSlice[] = [];
  let next = 0;
  const around = ({ slice }: StoredSlice) =>
    Array.from({ length: 2 * contextSlices + 1 }, (_, i) => nearest(window, slice, i - contextSlices).pixels);
  const group = (until: number): SliceGroup => {
    const some = window.slice(next, until);
    return { slices: some.map(({ slice }) => slice), around: some.map(around) };
  };
  for (const slice of stored) {
    window.push(slice);
    // The last slices wait for those behind them.
    if (window.length - next < SLICES_AT_ONCE + contextSlices) continue;
    yield group(next + SLICES_AT_ONCE);
    next += SLICES_AT_ONCE;
    const forgotten = Math.max(next - contextSlices, 0);
    window = window.slice(forgotten);
    next -= forgotten;
  }
  while (next < window.length) {
    yield group(Math.min(next + SLICES_AT_ONCE, window.length));
    next += SLICES_AT_ONCE;
  }
}

/** Of two as near, the one towards the middle. */
function nearest(window: readonly StoredSlice[], slice: number, offset: number): StoredSlice {
  const wanted = slice + offset;
  const rank = (one: StoredSlice) => Math.abs(one.slice - wanted) + (one.slice - slice) * Math.sign(offset) * 1e-6;
  const isOnSide = (one: StoredSlice) => (one.slice - slice) * Math.sign(offset) >= 0;
  const candidates = window.filter((one) => (offset === 0 ? one.slice === slice : isOnSide(one)));
  return candidates.reduce((best, one) => (rank(one) < rank(best) ? one : best));
}
