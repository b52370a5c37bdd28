/**
 * Montgomery County's and Shenzhen's chest films: one pair of naming rules, three ways to lie on disk.
 *
 *     CXR_png/MCUCXR_0001_0.png    ManualMask/leftMask/MCUCXR_0001_0.png  ManualMask/rightMask/MCUCXR_0001_0.png
 *     CXR_png/CHNCXR_0001_0.png    masks/CHNCXR_0001_0_mask.png
 *     both in one folder, masks/ with the two naming rules (Kaggle's "Lung Segmentation")
 *
 * Labels   one, both lungs: left and right mask are laid together. A few masks have stray specks; they are kept as drawn.
 * Classes  the last digit: 1 tuberculosis, 0 normal. ClinicalReadings/ has age, sex and findings: it is not opened.
 * Borders  Montgomery's films have black borders, which are cut off.
 * Split    none is official.
 * Source   Jaeger et al., Quant. Imaging Med. Surg. 4:475 (2014).
 */

import { fileLabels } from "./file-labels.ts";
import { baseName, stemOf } from "./image-file.ts";
import { sampleImages } from "./image-sample.ts";
import type { SourceItem } from "./layout.ts";
import { isNamedBy, type NamedImage, type Role } from "./named-images.ts";
import type { SourceFolder } from "./source-folder.ts";

export const FILMS_REFERENCE = "Jaeger et al., Quant. Imaging Med. Surg. 4:475 (2014)";
/** The films keep their patients in whichever of the three layouts they are found. */
export const FILMS_PATIENTS = "nlm-chest-films";
export const LUNGS = fileLabels({ lungs: 255 });

export type FilmSet = "MCUCXR" | "CHNCXR";

/** Whether the folder holds films of exactly these sets. */
export function hasFilms(folder: SourceFolder, ...sets: readonly FilmSet[]): boolean {
  const found = new Set(sampleImages(folder).map((path) => baseName(path).slice(0, 6)));
  const all: readonly FilmSet[] = ["MCUCXR", "CHNCXR"];
  return isNamedBy(folder, filmRole) && all.every((set) => found.has(set) === sets.includes(set));
}

export function filmRole(path: string): Role | undefined {
  const [, image, suffix] = /^((?:MCUCXR|CHNCXR)_\d{4}_[01])(_mask)?$/.exec(stemOf(baseName(path))) ?? [];
  if (image === undefined) return undefined;
  const [, side] = /(left|right)[-_ ]?masks?\/[^/]*$/i.exec(path) ?? [];
  const isMask = suffix !== undefined || /masks?[^/]*\/[^/]*$/i.test(path);
  return isMask ? { maskOf: image, part: side?.toLowerCase() ?? "both", mask: { fileValue: 255 } } : { image };
}

export function describeFilm({ name }: NamedImage): Partial<SourceItem> {
  return {
    patient: name.slice(0, -2),
    stratum: name.endsWith("1") ? "tuberculosis" : "normal",
    reading: name.startsWith("MCUCXR") ? { cropsBlackBorder: true } : undefined,
  };
}
