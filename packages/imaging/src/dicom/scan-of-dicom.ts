/**
 * A DICOM file as a scan: one slice, one film, one photograph, or the frames of one file.
 *
 * Meaning   CT with a modality transformation: Hounsfield units. Colors, and grey pictures of 8 bits by devices that take
 *           photographs or films for the eye (US, endoscopes, fundus cameras, screens): as shown. All else: relative,
 *           brighter is more, MONOCHROME1 turned round.
 * Shapes    as in scan.ts; frames are slices, in the order of the file.
 * Copies    `data` may be a view of the file's bytes.
 * Left out  overlays and the curves of old; presentation LUTs, which repeat what MONOCHROME1 says; supplemental palettes.
 * Errors    `ERR_DICOM_NO_PIXELS`, `ERR_DICOM_PIXELS`, `ERR_DICOM_CORRUPT`, `ERR_IMAGE_TOO_LARGE`.
 * Source    PS3.3 C.7.6.3, C.8.2.1 (CT), C.11.2.
 */

import type { Meaning, Samples, Scan, Window } from "../scan.ts";
import type { DicomDataset } from "./dataset.ts";
import { frameMacro } from "./functional-groups.ts";
import {
  applyModality,
  applyTable,
  type GrayValues,
  hasModalityTransformation,
  invert,
  neededVoiTable,
  rescaleOf,
  storedScale,
} from "./gray-values.ts";
import { placeOf } from "./image-place.ts";
import { replacePadding } from "./padding.ts";
import { applyPalette } from "./palette.ts";
import { type PixelFormat, pixelsError } from "./pixel-format.ts";
import { decodeStoredFrames } from "./stored-frames.ts";

/** Modalities whose grey pictures of 8 bits are made for the eye. */
const shownModalities = new Set(["US", "IVUS", "XC", "OP", "OPT", "SC", "OT", "ES", "GM", "SM", "DG", "DMS", "EPS"]);

/** @throws {MedsslError} see above */
export async function scanOfDicom(dataset: DicomDataset): Promise<Scan> {
  const { format, data: stored } = await decodeStoredFrames(dataset);
  const { rows, columns, numFrames, samplesPerPixel, photometric } = format;
  if (samplesPerPixel === 4) throw pixelsError(dataset.name, "SamplesPerPixel", "1 or 3", 4);
  const place = placeOf(dataset);
  const isPalette = photometric === "PALETTE COLOR" && samplesPerPixel === 1;
  const pixels = isPalette
    ? shown(applyPalette(dataset, stored, format.isSigned))
    : samplesPerPixel === 3
      ? shown(toTopWhite(stored, format, dataset.name))
      : grayPixels(stored, dataset, format);
  const channels = isPalette ? 3 : (samplesPerPixel as 1 | 3);
  return {
    shape: [numFrames, rows, columns],
    channels,
    data: pixels.data,
    meaning: pixels.meaning,
    modality: dataset.string("00080060"),
    affine: place.affine,
    spacingMm: place.spacingMm,
    windows: pixels.windows,
    warnings: [...place.warnings, ...pixels.warnings],
  };
}

interface Pixels {
  readonly data: Samples;
  readonly meaning: Meaning;
  readonly windows?: readonly Window[] | undefined;
  readonly warnings: readonly string[];
}

function shown(data: Samples): Pixels {
  return { data, meaning: "shown", warnings: [] };
}

function grayPixels(stored: Samples, dataset: DicomDataset, format: PixelFormat): Pixels {
  const meaning = grayMeaning(dataset, format);
  const isHounsfield = meaning === "hounsfield";
  // HU are numbers, however a viewer is told to show them.
  const isInverted = format.photometric === "MONOCHROME1" && !isHounsfield;
  const rescale = rescaleOf(dataset, 0);
  const fill = { isHounsfield, rescale, isInverted: isInverted !== rescale.slope < 0 };
  const filled = replacePadding(stored, dataset, format, fill);
  const values = applyModality(storedScale(filled, format), dataset, format, isHounsfield);
  const table = isHounsfield ? undefined : neededVoiTable(dataset, format.isSigned);
  const toShow = table ? applyTable(values, table) : values;
  const { data } = isInverted ? invert(toShow) : toShow;
  const windows = windowsOf(dataset).map((window) => (isInverted ? invertWindow(window, toShow) : window));
  const warnings = table ? ["The VOI look-up table is applied, since the file gives no window."] : [];
  const isToWhite = toShow.high === 255 || toShow.high === 65535;
  return {
    data,
    meaning: meaning === "shown" && !isToWhite ? "relative" : meaning,
    windows: windows.length > 0 ? windows : undefined,
    warnings,
  };
}

function grayMeaning(dataset: DicomDataset, { bitsAllocated, bitsStored, isSigned }: PixelFormat): Meaning {
  const modality = dataset.string("00080060") ?? "";
  const unit = dataset.string("00281054") ?? "HU";
  if (modality === "CT" && (unit === "HU" || unit === "US") && hasModalityTransformation(dataset)) return "hounsfield";
  const isByte = bitsAllocated === 8 && bitsStored === 8 && !isSigned;
  return isByte && shownModalities.has(modality) ? "shown" : "relative";
}

function windowsOf(dataset: DicomDataset): Window[] {
  const holder = frameMacro(dataset, "00289132", 0) ?? dataset;
  const widths = holder.numbers("00281051");
  return holder
    .numbers("00281050")
    .map((center, i) => ({ center, width: widths[i] ?? Number.NaN }))
    .filter(({ center, width }) => Number.isFinite(center) && width > 0);
}

function invertWindow({ center, width }: Window, { low, high }: GrayValues): Window {
  return { center: low + high - center, width };
}

/** Colors of 8 or 16 bits, the largest value white. */
function toTopWhite(stored: Samples, { bitsStored, isFloat, isSigned }: PixelFormat, name: string): Samples {
  if (isFloat || isSigned)
    throw pixelsError(name, "colors", "unsigned whole numbers", isFloat ? "floats" : "signed ones");
  if (bitsStored === 8 || bitsStored === 16) {
    return bitsStored === 8 ? Uint8Array.from(stored) : Uint16Array.from(stored);
  }
  const white = 2 ** bitsStored - 1;
  const result = new Uint16Array(stored.length);
  for (let i = 0; i < stored.length; i++) result[i] = Math.round((stored[i]! / white) * 65535);
  return result;
}
