/**
 * clDice: overlap of the center lines of tubes, whatever their width.
 *
 * Formula  precision = share of the prediction's skeleton that lies in the truth, sensitivity = share of the truth's
 *          skeleton that lies in the prediction; clDice is their harmonic mean, 0-1.
 * Empty    0 where exactly one mask is empty; undefined where both are.
 * Cost     pictures: milliseconds. Volumes: minutes for a large organ, whose center line says nothing anyway.
 * Source   Shit et al., CVPR 2021.
 */
import { type ClassBox, PREDICTION, type Side, TRUTH } from "./class-box.ts";
import { thin } from "./skeleton.ts";

export function clDice(box: ClassBox): number | undefined {
  const precision = shareInside(box, PREDICTION, TRUTH);
  const sensitivity = shareInside(box, TRUTH, PREDICTION);
  if (precision === undefined || sensitivity === undefined) {
    return precision === sensitivity ? undefined : 0;
  }
  return precision + sensitivity === 0 ? 0 : (2 * precision * sensitivity) / (precision + sensitivity);
}

/** Share of one side's skeleton that lies in the other side; undefined where the one is empty. */
function shareInside(box: ClassBox, side: Side, other: Side): number | undefined {
  const skeleton = skeletonOf(box, side);
  let [length, inside] = [0, 0];
  for (let i = 0; i < skeleton.length; i++) {
    if (skeleton[i] === 0) continue;
    length++;
    if ((box.data[i]! & other) !== 0) inside++;
  }
  return length === 0 ? undefined : inside / length;
}

/** 0 | 1 in the shape of the box. */
export function skeletonOf({ shape: [, height, width], data, strides }: ClassBox, side: Side): Uint8Array {
  const isPicture = strides[0] === 0;
  const padding = isPicture ? data.length : 0;
  const mask = new Uint8Array(data.length + 2 * padding);
  for (let i = 0; i < data.length; i++) if ((data[i]! & side) !== 0) mask[padding + i] = 1;
  thin(mask, height, width, isPicture);
  return mask.subarray(padding, padding + data.length);
}
