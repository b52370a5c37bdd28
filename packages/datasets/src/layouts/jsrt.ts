/**
 * JSRT's chest films with SCR's outlines of lungs, heart and clavicles.
 *
 *     All247images/JPCLN001.IMG              154 with a nodule (LN), 93 without (NN): 2048x2048, inverted, no header
 *     scratch/fold1/masks/left lung/JPCLN001.gif    ... right lung, heart, left clavicle, right clavicle; fold2 likewise
 *
 * Labels   five. Where they overlap, heart lies on lung and clavicle on both. Left and right are the patient's.
 * Masks    drawn at 1024x1024, half of the films' size.
 * Pixels   .IMG is inverted, bone dark, 0.175 mm a pixel. Conversions (PNG, ...) are taken as they are shown, with no size.
 * Split    SCR's folds (odd and even numbers) are the two halves of a cross-validation, no training and test set.
 * Patients none is named: each film is taken for a patient.
 * Source   Shiraishi et al., Am. J. Roentgenol. 174:71 (2000); van Ginneken et al., Med. Image Anal. 10:19 (2006).
 */

import type { FileLabel } from "../label-rule.ts";
import { baseName, stemOf } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";

/** In the order in which they are laid over one another. */
const LABELS: readonly FileLabel[] = ["left lung", "right lung", "heart", "left clavicle", "right clavicle"].map(
  (name, i) => ({ value: i + 1, name, fileValue: i + 1 }),
);

const RAW = { isInverted: true, spacingMm: [Number.NaN, 0.175, 0.175] } as const;

function roleOf(path: string): Role | undefined {
  const name = stemOf(baseName(path)).toUpperCase();
  if (!/^JPC[LN]N\d{3}$/.test(name)) return undefined;
  const folder = baseName(path.slice(0, -baseName(path).length - 1)).toLowerCase();
  const label = LABELS.find((one) => one.name === folder.replace(/[-_]/g, " ").replace(/s$/, ""));
  if (label === undefined) return { image: name };
  return { maskOf: name, part: label.name, mask: { fileValue: label.fileValue, hasOwnSize: true } };
}

export const jsrt: Layout = {
  name: "jsrt",
  title: "JSRT with SCR",
  modality: "xray",
  labels: LABELS,
  isPublished: true,
  published: { images: 247, masks: 247, reference: "Shiraishi et al., Am. J. Roentgenol. 174:71 (2000)" },
  recognize: (folder) => isNamedBy(folder, roleOf),
  async *list(folder) {
    let numConverted = 0;
    yield* listByName(folder, roleOf, ({ name, path }) => {
      const isRaw = /\.img$/i.test(path);
      if (!isRaw) numConverted += 1;
      return {
        patient: name,
        stratum: name.startsWith("JPCLN") ? "nodule" : "no nodule",
        reading: isRaw ? RAW : undefined,
      };
    });
    if (numConverted > 0) {
      yield {
        note: `${numConverted} films are conversions of JSRT's .IMG, taken as they are shown: bone must be bright`,
      };
    }
    yield {
      note: "SCR's two folds are the halves of a cross-validation; no official training and test set is taken from them",
    };
  },
};
