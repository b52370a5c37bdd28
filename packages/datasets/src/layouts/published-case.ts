/**
 * Cases of published data sets under the names that they keep in other folders, such as nnU-Net's: whose image it is, so
 * that one person is not on both sides of a split because the files came by two ways.
 */

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
