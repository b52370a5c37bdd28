/**
 * Names that may stand in the pixels themselves, where no profile of attributes reaches them.
 *
 * Captures      of screens and paper (secondary captures, dose reports) are suspected whatever they say of themselves.
 * Modalities    that draw the patient's name beside the picture are suspected unless the file says that they did not.
 * Not looked    at: the pixels. Text can be missed here, and a face in a head scan is never text.
 * Source        PS3.15 E.3.1; BurnedInAnnotation, PS3.3 C.7.6.1.1.
 */

import type { DicomDataset } from "./dataset.ts";

const drawingModalities = new Set(["US", "IVUS", "XA", "RF", "ES", "XC", "GM", "OT", "DOC"]);
const secondaryCapture = "1.2.840.10008.5.1.4.1.1.7";
const encapsulatedDocuments = "1.2.840.10008.5.1.4.1.1.104.";

/** Why the pixels may hold a name, in words; undefined where nothing speaks for it. */
export function burnedInRisk(dataset: DicomDataset): string | undefined {
  const says = dataset.string("00280301")?.toUpperCase();
  const modality = dataset.string("00080060")?.toUpperCase() ?? "";
  const sopClass = dataset.string("00080016") ?? "";
  const imageType = dataset.strings("00080008").map((word) => word.toUpperCase());
  if (says === "YES") return "the file says that text is burned into its pixels";
  if (sopClass === secondaryCapture || sopClass.startsWith(`${secondaryCapture}.`)) return "it is a secondary capture";
  if (imageType.some((word) => word.includes("SCREEN"))) return "it is a picture of a screen";
  if (sopClass.startsWith(encapsulatedDocuments)) return undefined;
  if (hasEmbeddedOverlay(dataset)) return "an overlay is kept in spare bits of its pixels";
  if (drawingModalities.has(modality) && says !== "NO") return `${modality} images often have text in their pixels`;
  return undefined;
}

/** An overlay without data of its own lies in bits of the pixels that the picture does not use. */
function hasEmbeddedOverlay(dataset: DicomDataset): boolean {
  return dataset.tags().some((tag) => /^60..0010$/.test(tag) && !dataset.has(`${tag.slice(0, 4)}3000`));
}
