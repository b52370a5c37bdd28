/**
 * Phantom cases: procedural pictures with exact masks, one call each, the same for the same seed on every machine.
 *
 * They are made from geometry and chance alone: no image, atlas or statistic of any person is in them.
 *
 * Shapes  `image` is [height, width, channels], `mask` [height, width] with label indices, 0 for background.
 * Time    about 0.06 s a case of 256 x 256 on one core.
 */

import type { Label } from "../store/store.ts";
import { renderFundus } from "./fundus.ts";
import type { Landmark } from "./landmarks.ts";
import { numSlices, renderScan, scanLabels } from "./scan.ts";
import { renderXray } from "./xray.ts";

/** The four tasks: chest X-rays, two kinds of CT slices, fundus photographs. */
export const phantomTasks = ["lungs", "cardiac", "liver", "vessels"] as const;
export type PhantomTask = (typeof phantomTasks)[number];

export interface PhantomCase {
  readonly task: PhantomTask;
  /** `lungs-17` for the patient of seed 17. */
  readonly patient: string;
  readonly width: number;
  readonly height: number;
  /** 3 for fundus photographs, else 1. */
  readonly channels: 1 | 3;
  readonly image: Uint8Array;
  readonly mask: Uint8Array;
  readonly labels: readonly Label[];
  /** Of X-rays: where named places of the body are, as far as the picture holds them. */
  readonly landmarks: readonly Landmark[];
}

export interface PhantomOptions {
  /** Width and height in pixels. @default 256 */
  readonly size?: number;
  /** Which of the patient's pictures, from 0; see `numPhantomViews`. @default 0 */
  readonly view?: number;
}

/** The labels that a task's masks may show. */
export function phantomLabels(task: PhantomTask): readonly Label[] {
  const names = task === "lungs" || task === "vessels" ? [task] : scanLabels[task];
  return names.map((name, i) => ({ value: i + 1, name }));
}

/** How many pictures the patient of this seed has: one X-ray, one to three slices, two eyes. */
export function numPhantomViews(task: PhantomTask, seed: number): number {
  if (task === "lungs") return 1;
  return task === "vessels" ? 2 : numSlices(task, seed);
}

/** Makes one picture of the patient of this seed. */
export function generatePhantom(task: PhantomTask, seed: number, options: PhantomOptions = {}): PhantomCase {
  const { size = 256, view = 0 } = options;
  const picture = render(task, seed, view, size);
  return {
    task,
    patient: `${task}-${seed}`,
    width: size,
    height: size,
    channels: task === "vessels" ? 3 : 1,
    landmarks: [],
    ...picture,
    labels: phantomLabels(task),
  };
}

function render(
  task: PhantomTask,
  seed: number,
  view: number,
  size: number,
): Pick<PhantomCase, "image" | "mask"> & Partial<Pick<PhantomCase, "landmarks">> {
  if (task === "lungs") return renderXray(seed, size);
  if (task === "vessels") return renderFundus(seed, view, size);
  return renderScan(task, seed, view, size);
}
