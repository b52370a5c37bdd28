/**
 * Stored grey values to values that mean something: the modality's transformation, the VOI table, inversion.
 *
 * Order      the modality's table, or slope and intercept (of each frame, where the file says); then the VOI table, but only
 *            where the file has no window, so that it is the only way to show it; then MONOCHROME1 is turned round.
 * Types      the stored type where its values come out of it; Int16 where they fit and are whole; else Float32. HU are
 *            never anything but the last two.
 * Source     PS3.3 C.7.6.3.1.2 (MONOCHROME1), C.11.1, C.11.2.
 */

import { extremes, integerRange } from "../geometry/samples.ts";
import type { Samples } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { frameMacro } from "./functional-groups.ts";
import { type LookupTable, lookUp, readLookupTable } from "./lookup-table.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** Ends of the scale that values are on, whether or not they reach them. */
interface Scale {
  readonly low: number;
  readonly high: number;
}

export interface GrayValues extends Scale {
  readonly data: Samples;
}

export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

export function storedScale(stored: Samples, { isFloat, bitsStored, isSigned }: PixelFormat): GrayValues {
  if (isFloat) {
    const [low, high] = extremes(stored);
    return { data: stored, low, high };
  }
  const half = 2 ** (bitsStored - 1);
  return isSigned ? { data: stored, low: -half, high: half - 1 } : { data: stored, low: 0, high: 2 * half - 1 };
}

/** Whether the file says how stored values become the modality's. */
export function hasModalityTransformation(dataset: DicomDataset): boolean {
  const holder = rescaleHolder(dataset, 0);
  return modalityTable(dataset) !== undefined || holder.has(slopeTag) || holder.has(interceptTag);
}

/** @param isHounsfield The result is Int16 or Float32. */
export function applyModality(
  gray: GrayValues,
  dataset: DicomDataset,
  format: PixelFormat,
  isHounsfield: boolean,
): GrayValues {
  const item = modalityTable(dataset);
  if (item) return rescale(applyTable(gray, readTable(item, format.isSigned)), [identity], isHounsfield);
  const isEach = dataset.items("52009230").length === format.numFrames;
  const rescales = Array.from({ length: isEach ? format.numFrames : 1 }, (_, frame) => rescaleOf(dataset, frame));
  return rescale(gray, rescales, isHounsfield);
}

/** The VOI table, where it is the only way to show the values. */
export function neededVoiTable(dataset: DicomDataset, isSigned: boolean): LookupTable | undefined {
  const [item] = dataset.items("00283010");
  return item && dataset.numbers("00281050").length === 0 ? readTable(item, isSigned) : undefined;
}

export function applyTable({ data }: GrayValues, table: LookupTable): GrayValues {
  const result = table.numBits <= 8 ? new Uint8Array(data.length) : new Uint16Array(data.length);
  lookUp(data, table, result);
  return { data: result, low: 0, high: 2 ** table.numBits - 1 };
}

/** Brighter is more: the scale turned round. */
export function invert(gray: GrayValues): GrayValues {
  return rescale(gray, [{ slope: -1, intercept: gray.low + gray.high }], false);
}

function modalityTable(dataset: DicomDataset): DicomDataset | undefined {
  return dataset.items("00283000")[0];
}

function readTable(item: DicomDataset, isSigned: boolean): LookupTable {
  return readLookupTable(item, { descriptor: "00283002", data: "00283006", isSigned });
}

/** Of the frame, else of the data set; slope 1 and intercept 0 where neither says. */
export function rescaleOf(dataset: DicomDataset, frame: number): Rescale {
  const holder = rescaleHolder(dataset, frame);
  // A slope of 0 would leave nothing of the image; writers mean that there is none.
  return { slope: holder.number(slopeTag) || 1, intercept: holder.number(interceptTag) ?? 0 };
}

const identity: Rescale = { slope: 1, intercept: 0 };
const slopeTag = "00281053";
const interceptTag = "00281052";

function rescaleHolder(dataset: DicomDataset, frame: number): DicomDataset {
  return frameMacro(dataset, "00289145", frame) ?? dataset;
}

/** @param rescales One for each frame, or one for all. */
function rescale({ data, low, high }: GrayValues, rescales: readonly Rescale[], isHounsfield: boolean): GrayValues {
  const scale = rescaledEnds([low, high], rescales);
  const isIdentity = rescales.every(({ slope, intercept }) => slope === 1 && intercept === 0);
  if (isIdentity && (!isHounsfield || data instanceof Int16Array)) return { data, ...scale };
  const range = integerRange(data);
  const isWhole = rescales.every(({ slope, intercept }) => Number.isInteger(slope) && Number.isInteger(intercept));
  if (isWhole && range && !isHounsfield && scale.low >= range[0] && scale.high <= range[1]) {
    return { data: write(data, rescales, alike(data)), ...scale };
  }
  const shorts = isWhole && range ? writeShorts(data, rescales, scale) : undefined;
  if (shorts) return { data: shorts, ...scale };
  const floats = data instanceof Float64Array ? new Float64Array(data.length) : new Float32Array(data.length);
  return { data: write(data, rescales, floats), ...scale };
}

function write(data: Samples, rescales: readonly Rescale[], result: Samples): Samples {
  const frameLength = data.length / rescales.length;
  rescales.forEach(({ slope, intercept }, frame) => {
    const end = (frame + 1) * frameLength;
    for (let i = frame * frameLength; i < end; i++) result[i] = data[i]! * slope + intercept;
  });
  return result;
}

/** Undefined where a value does not fit: seen on the way, which costs less than to look first. */
function writeShorts(data: Samples, rescales: readonly Rescale[], scale: Scale): Int16Array | undefined {
  // The check below is of 32 bits.
  if (scale.low < -(2 ** 30) || scale.high > 2 ** 30) return undefined;
  const result = new Int16Array(data.length);
  const frameLength = data.length / rescales.length;
  const [first] = rescales;
  if (rescales.length === 1 && first!.slope === 1 && scale.low >= -32768 && scale.high <= 32767) {
    const { intercept } = first!;
    for (let i = 0; i < data.length; i++) result[i] = data[i]! + intercept;
    return result;
  }
  let beyond = 0;
  for (const [frame, { slope, intercept }] of rescales.entries()) {
    const end = (frame + 1) * frameLength;
    for (let i = frame * frameLength; i < end; i++) {
      const value = data[i]! * slope + intercept;
      result[i] = value;
      beyond |= value + 32768;
    }
  }
  return beyond >>> 16 === 0 ? result : undefined;
}

function alike(data: Samples): Samples {
  return new (data.constructor as Uint8ArrayConstructor)(data.length);
}

function rescaledEnds(ends: readonly [number, number], rescales: readonly Rescale[]): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { slope, intercept } of rescales) {
    for (const end of ends) {
      low = Math.min(low, end * slope + intercept);
      high = Math.max(high, end * slope + intercept);
    }
  }
  return { low, high };
}
