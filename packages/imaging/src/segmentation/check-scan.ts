/**
 * Whether a scan is of the kind that a model learned from: asked before it is segmented, since a network answers anything.
 *
 * Numbers    Hounsfield units where grey values were learned from, and the other way round. Volumes whose file does not say
 *            what its numbers are, such as NIfTI, may be either.
 * Modality   DICOM files of another kind. Pictures say nothing of what they show, and pass.
 * Colors     a photograph where X-rays, CT or MR were learned from; pictures whose three channels are alike are grey.
 * Errors     `ERR_INPUT_KIND`, `ERR_INPUT_COLOR`, `ERR_INPUT_SLICES`
 */
import { MedsslError, type SegmentationPlan } from "@medssl/contract";
import { imageKindOf } from "../dicom/image-kind.ts";
import type { Scan } from "../scan.ts";
import { numbersText } from "./slice-form.ts";

export type ExpectedInput = Pick<SegmentationPlan, "kinds" | "contextSlices"> & {
  readonly slices: Pick<SegmentationPlan["slices"], "dtype">;
};

/** @param name What the messages call the scan: its path. @throws {MedsslError} see above */
export function checkScan(name: string, scan: Omit<Scan, "windows" | "affine">, expected: ExpectedInput): void {
  checkKind(name, scan, expected);
  checkColors(name, scan, expected);
  checkSlices(name, scan, expected);
}

/** Modalities that say nothing of what an image shows: other, screen captures, films that were scanned. */
const UNTELLING = ["", "OT", "SC", "HC", "FID"];

function checkKind(name: string, { meaning, modality, data }: Scan, { slices: { dtype }, kinds }: ExpectedInput): void {
  const isGray = meaning === "shown" || data instanceof Uint8Array || (modality !== undefined && modality !== "CT");
  const found = meaning === "hounsfield" ? "int16" : isGray ? "uint8" : dtype;
  const kind = modality === undefined ? undefined : imageKindOf(modality);
  const isTold = kind !== undefined || (modality !== undefined && !UNTELLING.includes(modality));
  const isOtherKind = isTold && kinds.length > 0 && !kinds.includes("picture") && !kinds.includes(kind ?? "");
  if (found === dtype && !isOtherKind) return;
  const [learned, given] =
    found === dtype
      ? [`images of the kind ${kinds.join(", ")}`, `the modality ${modality}`]
      : [numbersText(dtype), numbersText(found)];
  throw new MedsslError("ERR_INPUT_KIND", `${name}: the model was trained on ${learned}, this file has ${given}`, {
    hint: "Give it images of the kind that it was trained on; CT as DICOM or NIfTI, not as pictures.",
  });
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
