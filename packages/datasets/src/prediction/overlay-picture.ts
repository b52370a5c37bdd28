/**
 * A picture of labels for a person to look at: on the image itself; of a volume on up to twelve slices, those with labels.
 *
 * Slices are chosen and cut out first, so that no more than them goes to the thread that draws.
 */
import {
  HU_WINDOWS,
  type Image,
  montage,
  overlayLabels,
  type Samples,
  type Scan,
  type SliceForm,
  selectChannel,
  toUint8,
} from "@medssl/imaging";

const COLUMNS = 4;
const MOST_SLICES = 12;

/** Slices of a scan at their own size, with their labels. */
export interface OverlaySlices {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly isHounsfield: boolean;
  readonly slices: readonly { readonly data: Samples; readonly labels: Uint8Array }[];
}

/** Spread evenly over the slices with labels, over all where there are none. */
export function chooseSlices(
  { shape: [depth, height, width], channels, data, meaning }: Scan,
  labels: Uint8Array,
  { dtype }: Pick<SliceForm, "dtype">,
): OverlaySlices {
  const form = { width, height, channels, isHounsfield: meaning === "hounsfield" || dtype === "int16" };
  const size = height * width;
  const labelsOf = (z: number) => labels.subarray(z * size, (z + 1) * size);
  const all = Array.from({ length: depth }, (_, z) => z);
  const labeled = all.filter((z) => labelsOf(z).some((label) => label > 0));
  const chosen = evenly(labeled.length > 0 ? labeled : all);
  // A picture is its only slice. Of a volume copies, since a view would take all of it along.
  if (depth === 1) return { ...form, slices: [{ data, labels }] };
  const slices = chosen.map((z) => ({
    data: data.slice(z * size * channels, (z + 1) * size * channels),
    labels: labelsOf(z).slice(),
  }));
  return { ...form, slices };
}

const evenly = (slices: readonly number[]): number[] => {
  const count = Math.min(MOST_SLICES, slices.length);
  return Array.from({ length: count }, (_, i) => slices[Math.floor(((i + 0.5) * slices.length) / count)]!);
};

/** CT in a soft-tissue window. */
export function drawOverlay(
  { width, height, channels, isHounsfield, slices }: OverlaySlices,
  channel: SliceForm["channel"],
): Image<Uint8Array> {
  const tiles: Image<Uint8Array>[] = slices.map(({ data, labels }) => {
    const gray = selectChannel<Samples>({ width, height, channels, data }, channel);
    const shown = toUint8(gray, isHounsfield ? HU_WINDOWS.abdomen : "percentile");
    return overlayLabels(shown, { width, height, channels: 1, data: labels });
  });
  if (tiles.length === 1) return tiles[0]!;
  const columns = Math.min(COLUMNS, tiles.length);
  const blank = { width, height, channels: 1, data: new Uint8Array(width * height) } as const;
  while (tiles.length % columns > 0) tiles.push(blank);
  return montage(
    Array.from({ length: tiles.length / columns }, (_, row) => tiles.slice(row * columns, (row + 1) * columns)),
  );
}
