/**
 * A picture of labels for a person to look at: on the image itself; of a volume on up to twelve slices, those with labels.
 *
 * Size     that of the image; sides of 2048 pixels and more are halved, or more, so that 1024 are left: it is for looking at.
 * Slices   are chosen and cut out first, so that no more than them goes to the thread that draws.
 */
import {
  HU_WINDOWS,
  type Image,
  type LabelImage,
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
/** In pixels. */
const LEAST_SIDE = 1024;

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
  const factor = slices.length === 1 ? Math.max(Math.floor(Math.max(width, height) / LEAST_SIDE), 1) : 1;
  const tiles: Image<Uint8Array>[] = slices.map(({ data, labels }) => {
    const gray = selectChannel<Samples>({ width, height, channels, data }, channel);
    const small = factor === 1 ? gray : meansOfBlocks(gray, factor);
    const shown = toUint8(small, isHounsfield ? HU_WINDOWS.abdomen : "percentile");
    return overlayLabels(shown, largestOfBlocks(labels, width, small, factor));
  });
  if (tiles.length === 1) return tiles[0]!;
  const columns = Math.min(COLUMNS, tiles.length);
  const blank = { width, height, channels: 1, data: new Uint8Array(width * height) } as const;
  while (tiles.length % columns > 0) tiles.push(blank);
  return montage(
    Array.from({ length: tiles.length / columns }, (_, row) => tiles.slice(row * columns, (row + 1) * columns)),
  );
}

/** Each block of `factor` x `factor` pixels as its mean; what is left at the right and below goes. */
function meansOfBlocks(image: Image<Samples>, factor: number): Image<Samples> {
  const [width, height] = [Math.floor(image.width / factor), Math.floor(image.height / factor)];
  const data = image.data.slice(0, width * height);
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let row = y * factor; row < (y + 1) * factor; row++) {
      for (let x = 0, i = row * image.width; x < width; x++) {
        for (let dx = 0; dx < factor; dx++) sums[x]! += image.data[i++]!;
      }
    }
    for (let x = 0; x < width; x++) data[y * width + x] = sums[x]! / factor ** 2;
  }
  return { width, height, channels: 1, data };
}

type Size = Pick<OverlaySlices, "width" | "height">;

/** Each block as its largest label, so that thin structures stay. */
function largestOfBlocks(labels: Uint8Array, rowLength: number, { width, height }: Size, factor: number): LabelImage {
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height * factor; row++) {
    const target = Math.floor(row / factor) * width;
    for (let x = 0, i = row * rowLength; x < width; x++) {
      for (let dx = 0; dx < factor; dx++, i++) if (labels[i]! > data[target + x]!) data[target + x] = labels[i]!;
    }
  }
  return { width, height, channels: 1, data };
}
