/**
 * How a slice of any scan becomes what a network is trained on: its size, its numbers, and the range that is 0 to 1.
 */
import type { Frame } from "../fit.ts";

export interface SliceForm extends Frame {
  /** Stored size in pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * `squash` fills the size whatever the aspect; `pad` keeps the aspect and centers the image on black (air in CT);
   * `crop` keeps the aspect, fills the size with the short side and leaves the ends of the long side out.
   */
  readonly fit: "squash" | "pad" | "crop";
  /** What a color image became: its luminance (Rec. 601) or its green channel. */
  readonly channel: "luma" | "green";
  /** uint8: grey values, 0-255. int16: Hounsfield units. */
  readonly dtype: "uint8" | "int16";
}

export type SlicePixels = Uint8Array | Int16Array;

/** Lower and upper end of what of a CT slice is told apart, in HU; as in SelfMedMAE and VoCo for the abdomen. */
const CT_RANGE_HU = [-175, 250] as const;
const BYTE_RANGE = [0, 255] as const;

/** The values that become 0 and 1 for a network; Hounsfield units beyond are limited to them. */
export const unitRange = (dtype: SliceForm["dtype"]): readonly [low: number, high: number] =>
  dtype === "int16" ? CT_RANGE_HU : BYTE_RANGE;

/** What the numbers are, for a sentence. */
export const numbersText = (dtype: SliceForm["dtype"]): string =>
  dtype === "int16" ? "Hounsfield units" : "grey values of 8 bits";
