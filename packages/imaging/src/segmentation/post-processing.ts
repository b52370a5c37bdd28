/**
 * Label maps made to look as the labelled masks do: what is too small, one too many or a hole goes.
 *
 * Shapes   [D, H, W] at the stored size; a volume is cleaned as a whole, in three dimensions (connected-components.ts).
 * Order    of each label: parts beyond the largest ones and parts that are too small become background; then holes are
 *          filled with what encloses them.
 */
import type { PostProcessing } from "@medssl/contract";
import { findComponents, findHoles, type LabelVolume } from "./connected-components.ts";

/** @param scale Voxels here for one of the size that the rules were learned at. @returns A new label map, or the same where nothing was changed. */
export function postProcess(volume: LabelVolume, rules: PostProcessing, scale = 1): Uint8Array {
  const cleaned = keepParts(volume, rules, scale);
  return fillHoles({ ...volume, labels: cleaned }, rules);
}

function keepParts(volume: LabelVolume, rules: PostProcessing, scale: number): Uint8Array {
  if (!rules.some(({ largest, minimumSize }) => largest !== null || minimumSize > 1)) return volume.labels;
  const { starts, ends, ofRun, values, sizes } = findComponents(volume, "structures");
  const isDropped = new Uint8Array(sizes.length);
  for (const { value, largest, minimumSize } of rules) {
    const parts = [...sizes.keys()].filter((part) => values[part] === value);
    const bySize = parts.sort((a, b) => sizes[b]! - sizes[a]!);
    for (const [rank, part] of bySize.entries()) {
      const isSmall = rank > 0 && sizes[part]! < minimumSize * scale;
      if (rank >= (largest ?? Number.POSITIVE_INFINITY) || isSmall) isDropped[part] = 1;
    }
  }
  if (!isDropped.includes(1)) return volume.labels;
  const labels = volume.labels.slice();
  for (const [run, part] of ofRun.entries()) if (isDropped[part] === 1) labels.fill(0, starts[run], ends[run]);
  return labels;
}

function fillHoles(volume: LabelVolume, rules: PostProcessing): Uint8Array {
  const filled = new Set(rules.filter((rule) => rule.fillHoles).map(({ value }) => value));
  if (filled.size === 0) return volume.labels;
  const holes = findHoles(volume).filter(({ value }) => filled.has(value));
  if (holes.length === 0) return volume.labels;
  const labels = volume.labels.slice();
  for (const { value, runs } of holes) for (const [start, end] of runs) labels.fill(value, start, end);
  return labels;
}
