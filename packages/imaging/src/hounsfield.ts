/**
 * CT numbers: the windows that radiologists look through, and how CT is stored.
 *
 * Units    Hounsfield units: air -1000, water 0, dense bone 1000 and more.
 * Source   A. Murphy et al., "Windowing (CT)", Radiopaedia.org, https://doi.org/10.53347/rID-52108. Every department has
 *          its own numbers; these are common ones.
 */

import type { Image } from "./image.ts";
import type { Samples, Window } from "./scan.ts";

export const HU_WINDOWS = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 50, width: 350 },
  abdomen: { center: 50, width: 400 },
  liver: { center: 30, width: 150 },
  bone: { center: 400, width: 1800 },
} as const satisfies Readonly<Record<string, Window>>;

/** What the air beside the patient measures at the end of a 12-bit scale: the value of nothing. */
export const AIR_HU = -1024;

/** Scanners write -1024 for air, and down to -3024 outside of what they see; maps of MR's phase begin at -3142 or -4096. */
const LEAST_CT_VALUE = -3100;
const AIR_AT_MOST = -900;

/** Whether a number that nobody explains may be air: the least value of a CT is one, that of MR and radiographs hardly ever. */
export const isLikeAir = (value: number): boolean => value >= LEAST_CT_VALUE && value <= AIR_AT_MOST;

/** Rounded to whole units and clamped to 16 bits; NaN is air. The image itself where it is of 16 bits already. */
export function toHounsfieldPixels(image: Image<Samples>): Image<Int16Array> {
  const { data } = image;
  if (data instanceof Int16Array) return { ...image, data };
  const units = new Int16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    // Half a unit up and the floor, which rounds; the floor of whole numbers costs nothing.
    const value = Math.floor(data[i]! + 0.5);
    units[i] = value < -32768 ? -32768 : value > 32767 ? 32767 : Number.isNaN(value) ? AIR_HU : value;
  }
  return { ...image, data: units };
}
