/**
 * What a DICOM object is to a listing: told from its header alone.
 *
 * Image      slices, projections, photographs, films.
 * Mask       a segmentation, which names the series that it was drawn on.
 * Automatic  a segmentation that a program made and nobody corrected: no truth to learn from.
 * Broken     an object of a class that is nothing without its image, which its header does not describe: it was cut off.
 * Other      nothing to learn from: reports, presentation states, radiotherapy's structures and doses, maps.
 * Source     PS3.3, PS3.4 (SOP classes), PS3.16 CID 29 (modalities).
 */

import { type InstanceHeader, imageKindOf } from "@medssl/imaging";
import type { Modality, SourceItem } from "./layout.ts";

export type DicomKind = "image" | "mask" | "automatic mask" | "broken" | "other";

const STORAGE = "1.2.840.10008.5.1.4.1.1.";
/** Segmentations, of segments and of label maps. */
const MASKS = ["66.4", "66.7"].map((number) => STORAGE + number);
/** Doses and parametric maps have pixels, but no image. */
const COMPUTED = ["481.2", "30"].map((number) => STORAGE + number);

/** CT, MR, CR, DX, mammograms, dental films, ultrasound, captures, angiography, fluoroscopy, NM, PET, photographs. */
const IMAGES = new Set(
  "2 2.1 4 4.1 1 1.1 1.1.1 1.2 1.2.1 1.3 1.3.1 13.1.3 3.1 6.1 7 7.1 7.2 7.3 7.4 12.1 12.1.1 12.2 12.2.1 20 128 130 77.1.1 77.1.2 77.1.4 77.1.5.1 77.1.5.4"
    .split(" ")
    .map((number) => STORAGE + number),
);

const VIEWS: Readonly<Record<string, Pick<SourceItem, "view" | "projection">>> = {
  PA: { view: "frontal", projection: "PA" },
  AP: { view: "frontal", projection: "AP" },
  LL: { view: "lateral" },
  RL: { view: "lateral" },
  LATERAL: { view: "lateral" },
};

export function kindOf({ sopClass = "", modality, hasPixels, isAutomatic }: InstanceHeader): DicomKind {
  if (!hasPixels && IMAGES.has(sopClass)) return "broken";
  if (!hasPixels || COMPUTED.includes(sopClass)) return "other";
  if (!MASKS.includes(sopClass) && modality !== "SEG") return "image";
  return isAutomatic ? "automatic mask" : "mask";
}

export function imageFacts({ modality = "", viewPosition = "" }: InstanceHeader) {
  const kind: Modality = imageKindOf(modality) ?? "other";
  return { modality: kind, ...(kind === "xray" ? VIEWS[viewPosition] : undefined) };
}

/**
 * The patient's number, whoever issued it: files of one patient name the issuer or do not, and parting one person leaks
 * where joining two costs little. Without a number, the study: it is one person's at least.
 */
export function patientOf({ patientId, studyUid }: InstanceHeader): string | undefined {
  return patientId ?? studyUid;
}
