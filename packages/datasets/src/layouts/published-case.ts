/**
 * Cases of published data sets under the names that they keep in other folders, such as nnU-Net's: whose image it is, so
 * that one person is not on both sides of a split because the files came by two ways.
 */

import type { SourceNote } from "./layout.ts";

export interface PublishedCase {
  /** `patientSpace` of the layout that knows the person. */
  readonly patientSpace: string;
  readonly patient: string;
}

const RULES: readonly (readonly [pattern: RegExp, patientSpace: string])[] = [
  // MSD's Task03 is LiTS, number by number.
  [/^liver_(\d+)$/, "lits"],
  [/^((?:BRATS|la|hippocampus|prostate|lung|pancreas|hepaticvessel|spleen|colon)_\d+)$/, "msd"],
  [/^(amos_\d{4})$/, "amos22"],
  [/^(patient\d{3})_frame\d+$/, "acdc"],
];

export function publishedCase(name: string): PublishedCase | undefined {
  for (const [pattern, patientSpace] of RULES) {
    const patient = pattern.exec(name)?.[1];
    if (patient !== undefined) return { patientSpace, patient };
  }
  return undefined;
}

/** How patients are told where cases have names that may be anybody's. */
export function patientsNote(
  firstCase: string,
  patientPattern: RegExp | undefined,
  otherwise = "nothing says which images belong to one patient: patients are unknown",
): SourceNote {
  const rule =
    patientPattern !== undefined
      ? `patients are told by --patient-pattern ${patientPattern.source}`
      : publishedCase(firstCase) !== undefined
        ? `patients are told by the published names, as in ${firstCase}`
        : otherwise;
  return { note: rule, topic: "patients" };
}
