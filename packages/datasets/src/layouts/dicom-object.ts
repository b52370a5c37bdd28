/**
 * What a DICOM object is to a listing: told from its header alone.
 *
 * Image      slices, projections, photographs, films.
 * Mask       a segmentation, which names the series that it was drawn on.
 * Other      nothing to learn from: reports, presentation states, radiotherapy's structures and doses, maps.
 * Source     PS3.3, PS3.4 (SOP classes), PS3.16 CID 29 (modalities).
 */

import { type InstanceHeader, imageKindOf } from "@medssl/imaging";
import type { Modality, SourceItem } from "./layout.ts";

export type DicomKind = "image" | "mask" | "other";

const STORAGE = "1.2.840.10008.5.1.4.1.1.";
/** Segmentations, of segments and of label maps. */
const MASKS = ["66.4", "66.7"].map((number) => STORAGE + number);
/** Doses and parametric maps have pixels, but no image. */
const COMPUTED = ["481.2", "30"].map((number) => STORAGE + number);

const VIEWS: Readonly<Record<string, Pick<SourceItem, "view" | "projection">>> = {
  PA: { view: "frontal", projection: "PA" },
  AP: { view: "frontal", projection: "AP" },
  LL: { view: "lateral" },
  RL: { view: "lateral" },
  LATERAL: { view: "lateral" },
};

export function kindOf({ sopClass = "", modality, hasPixels }: InstanceHeader): DicomKind {
  if (!hasPixels || COMPUTED.includes(sopClass)) return "other";
  return MASKS.includes(sopClass) || modality === "SEG" ? "mask" : "image";
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
