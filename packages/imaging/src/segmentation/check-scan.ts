/**
 * Whether a scan is of the kind that a model learned from: asked before it is segmented, since a network answers anything.
 *
 * Numbers    Hounsfield units where grey values were learned from, and the other way round. Of files that do not say what
 *            their numbers are, such as NIfTI, the least value tells it, as at ingest: that of air is CT's; without any
 *            value below 0 it is no CT. In between there is a warning.
 * Volumes    where single pictures were learned from. Pages and frames made for the eye may be such pictures, and pass.
 * Modality   DICOM files of another kind. Pictures say nothing of what they show, and pass.
 * Colors     a photograph where X-rays, CT or MR were learned from; pictures whose three channels are alike are grey.
 * Errors     `ERR_INPUT_KIND`, `ERR_INPUT_COLOR`, `ERR_INPUT_SLICES`
 */
import { MedsslError, type SegmentationPlan } from "@medssl/contract";
import { imageKindOf } from "../dicom/image-kind.ts";
import { extremes } from "../geometry/samples.ts";
import { isLikeAir } from "../hounsfield.ts";
import type { Scan } from "../scan.ts";
import { numbersText } from "./slice-form.ts";

export type ExpectedInput = Pick<SegmentationPlan, "kinds" | "contextSlices"> & {
  readonly slices: Pick<SegmentationPlan["slices"], "dtype">;
};

type CheckedScan = Omit<Scan, "windows" | "affine">;

/** @param name What the messages call the scan: its path. @returns Warnings. @throws {MedsslError} see above */
export function checkScan(name: string, scan: CheckedScan, expected: ExpectedInput): readonly string[] {
  checkKind(name, scan, expected);
  checkColors(name, scan, expected);
  checkSlices(name, scan, expected);
  return scan.meaning === "relative" && !isTelling(scan.modality) ? checkUnexplained(name, scan, expected) : [];
}

/** Modalities that say nothing of what an image shows: other, screen captures, films that were scanned. */
const UNTELLING = ["", "OT", "SC", "HC", "FID"];

const isTelling = (modality: string | undefined): boolean => modality !== undefined && !UNTELLING.includes(modality);

function checkKind(name: string, { meaning, modality, data }: Scan, { slices: { dtype }, kinds }: ExpectedInput): void {
  const isGray = meaning === "shown" || data instanceof Uint8Array || (modality !== undefined && modality !== "CT");
  const found = meaning === "hounsfield" ? "int16" : isGray ? "uint8" : dtype;
  const kind = modality === undefined ? undefined : imageKindOf(modality);
  const isOtherKind =
    isTelling(modality) && kinds.length > 0 && !kinds.includes("picture") && !kinds.includes(kind ?? "");
  if (found === dtype && !isOtherKind) return;
  const [learned, given] =
    found === dtype
      ? [`images of the kind ${kinds.join(", ")}`, `the modality ${modality}`]
      : [numbersText(dtype), numbersText(found)];
  throw new MedsslError("ERR_INPUT_KIND", `${name}: the model was trained on ${learned}, this file has ${given}`, {
    hint: "Give it images of the kind that it was trained on; CT as DICOM or NIfTI, not as pictures.",
  });
}

/** Kinds whose images are single pictures. */
const PICTURE_KINDS = ["xray", "fundus"];

/** A scan whose file does not say what it shows. */
function checkUnexplained(name: string, { shape, data }: CheckedScan, expected: ExpectedInput): readonly string[] {
  const { kinds, slices } = expected;
  const refused = (learned: string, given: string, hint: string) =>
    new MedsslError("ERR_INPUT_KIND", `${name}: the model was trained on ${learned}, this file has ${given}`, { hint });
  if (shape[0] > 1 && kinds.length > 0 && kinds.every((kind) => PICTURE_KINDS.includes(kind))) {
    throw refused(
      `single pictures of the kind ${kinds.join(", ")}`,
      `a volume of ${shape[0]} slices`,
      "Give it images of the kind that it was trained on; films that lie in one file, each in a file of its own.",
    );
  }
  if (slices.dtype === "int16" && data.some(isLikeAir)) return [];
  const [least] = extremes(data);
  if (slices.dtype === "uint8") {
    if (!isLikeAir(least)) return [];
    const given = `values down to ${least}, which is air in Hounsfield units: it looks like CT`;
    throw refused(numbersText("uint8"), given, "Give it images of the kind that it was trained on.");
  }
  if (least < 0) {
    return [
      `The model was trained on Hounsfield units, where air is -1000; the least value here is ${least}: look whether these are such units.`,
    ];
  }
  throw refused(
    "Hounsfield units, where air is -1000",
    `no value below 0 (the least is ${least}): it looks like MR, or like CT stored with an offset`,
    "Give it CT in Hounsfield units: as DICOM, or with the offset, such as 1024, subtracted; pictures of CT do not have them.",
  );
}

/** Kinds that are grey by nature. */
const GRAY_KINDS = ["xray", "ct", "mr"];
/** Two channels further apart than this share of the range are a color, and so many of the pixels make a photograph. */
const COLOR_DIFFERENCE = 0.1;
const COLOR_SHARE = 0.05;

function checkColors(name: string, { channels, data, shape }: Scan, { kinds }: ExpectedInput): void {
  if (channels === 1 || kinds.length === 0 || !kinds.every((kind) => GRAY_KINDS.includes(kind))) return;
  const least = COLOR_DIFFERENCE * (data instanceof Uint8Array ? 255 : 65535);
  let colored = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > least) colored++;
  }
  if (colored <= COLOR_SHARE * shape[0] * shape[1] * shape[2]) return;
  throw new MedsslError(
    "ERR_INPUT_COLOR",
    `${name}: the model was trained on grey images of the kind ${kinds.join(", ")}, this one has colors`,
    {
      hint: "Give it images of the kind that it was trained on; convert it to grey if it is such a one in false colors.",
    },
  );
}

/** A picture for a network that sees several slices at once. */
function checkSlices(name: string, { shape }: Scan, { contextSlices }: ExpectedInput): void {
  if (contextSlices === 0 || shape[0] > 1) return;
  throw new MedsslError(
    "ERR_INPUT_SLICES",
    `${name}: the model sees ${2 * contextSlices + 1} slices of a volume at once, this file has one picture`,
    { hint: "Give it volumes: NIfTI files, or folders of DICOM series." },
  );
}
