/**
 * A slice and its labels as pictures for a canvas, as the eye is used to them.
 */
import type { SegmentationPlan, SegmentClass } from "@medssl/contract";
import { grayRange, type Image, type Samples, type Scan, toUint8, type Window } from "@medssl/imaging";
import type { Picture } from "./messages.ts";

/** How much of the image a label lets through: its alpha, 0-255. */
const MASK_ALPHA = 110;

/** @param shown As the eye is used to it. @param slice From 0; `true` is the one with the most labels. */
export function pictureOf(
  shown: Scan,
  labels: Uint8Array,
  slice: number | true,
  classes: readonly SegmentClass[],
  plan: SegmentationPlan,
): { readonly slice: number; readonly image: Picture; readonly mask: Picture } {
  const [depth, height, width] = shown.shape;
  const size = height * width;
  const z = slice === true ? fullestSlice(labels, size) : Math.min(Math.max(Math.trunc(slice), 0), depth - 1);
  const data = shown.data.subarray(z * size * shown.channels, (z + 1) * size * shown.channels);
  const image = toUint8({ width, height, channels: shown.channels, data }, rangeOf(shown, plan));
  const values = labels.subarray(z * size, (z + 1) * size);
  return {
    slice: z,
    image: { width, height, data: toRgba(image) },
    mask: { width, height, data: toColors(values, classes) },
  };
}

function fullestSlice(labels: Uint8Array, size: number): number {
  let [best, most] = [Math.floor(labels.length / size / 2), 0];
  for (let start = 0; start < labels.length; start += size) {
    let count = 0;
    for (let i = start; i < start + size; i++) if (labels[i] !== 0) count++;
    if (count > most) [best, most] = [start / size, count];
  }
  return best;
}

function rangeOf({ meaning, windows, data }: Scan, { unitRange: [low, high] }: SegmentationPlan): "full" | Window {
  if (meaning === "hounsfield") return windows?.[0] ?? { center: (low + high) / 2, width: high - low };
  if (meaning === "shown") return "full";
  return windows?.[0] ?? grayRange(data);
}

function toRgba({ data, channels }: Image<Samples>): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((data.length / channels) * 4);
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  for (let source = 0, target = 0; source < data.length; source += channels, target += 4) {
    rgba[target] = data[source]!;
    rgba[target + 1] = data[source + green]!;
    rgba[target + 2] = data[source + blue]!;
    rgba[target + 3] = 255;
  }
  return rgba;
}

function toColors(labels: Uint8Array, classes: readonly SegmentClass[]): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(labels.length * 4);
  const colors = new Map(classes.map(({ value, color }) => [value, color]));
  for (let i = 0; i < labels.length; i++) {
    const color = labels[i] === 0 ? undefined : colors.get(labels[i]!);
    if (color === undefined) continue;
    rgba.set(color, i * 4);
    rgba[i * 4 + 3] = MASK_ALPHA;
  }
  return rgba;
}
