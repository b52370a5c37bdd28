/**
 * Labels shown on the image that they belong to.
 */

import type { Image, LabelImage } from "./image.ts";

export type Color = readonly [red: number, green: number, blue: number];

/**
 * Color of each label index; index 0, the background, is black. Okabe and Ito's colors, which people who do not tell
 * red from green tell apart too. Labels beyond the last begin anew after the background.
 */
export const LABEL_COLORS: readonly Color[] = [
  [0, 0, 0],
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [213, 94, 0],
  [204, 121, 167],
  [0, 114, 178],
];

export function labelColor(label: number): Color {
  return LABEL_COLORS[label === 0 ? 0 : ((label - 1) % (LABEL_COLORS.length - 1)) + 1]!;
}

/**
 * Tints each labeled pixel of a grey 8-bit image in its label's color and draws the label's inner edge in full color.
 *
 * @param opacity Of the tint inside the edge, 0-1; 0 leaves only the outlines.
 * @returns Three channels.
 */
export function overlayLabels(image: Image<Uint8Array>, labels: LabelImage, opacity = 0.3): Image<Uint8Array> {
  const { width, height } = image;
  const data = new Uint8Array(width * height * 3);
  const tints: (Uint8Array | undefined)[] = [];
  for (let i = 0; i < width * height; i++) {
    const gray = image.data[i]!;
    const label = labels.data[i]!;
    if (label === 0) {
      data[i * 3] = gray;
      data[i * 3 + 1] = gray;
      data[i * 3 + 2] = gray;
      continue;
    }
    tints[label] ??= tintsOf(label, opacity);
    const from = 3 * (isEdge(labels, i) ? 256 : gray);
    data[i * 3] = tints[label][from]!;
    data[i * 3 + 1] = tints[label][from + 1]!;
    data[i * 3 + 2] = tints[label][from + 2]!;
  }
  return { width, height, channels: 3, data };
}

/** What each grey becomes under the label, and last the label's own color. */
function tintsOf(label: number, opacity: number): Uint8Array {
  const color = labelColor(label);
  const tinted = Array.from({ length: 256 }, (_, gray) =>
    color.map((value) => Math.round(gray + opacity * (value - gray))),
  );
  return Uint8Array.from([...tinted, color].flat());
}

/** Whether one of the pixel's four neighbors inside the image has another label. */
function isEdge({ width, height, data }: LabelImage, i: number): boolean {
  const x = i % width;
  const label = data[i];
  return (
    (x > 0 && data[i - 1] !== label) ||
    (x < width - 1 && data[i + 1] !== label) ||
    (i >= width && data[i - width] !== label) ||
    (i < width * (height - 1) && data[i + width] !== label)
  );
}
