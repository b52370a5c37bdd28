/**
 * Cases of published data sets under the names that they keep in other folders, such as nnU-Net's: whose image it is, so
 * that one person is not on both sides of a split because the files came by two ways.
 *
 * Mixed    a folder may hold published cases beside a user's own. So each case is asked by itself: what is nobody's
 *          published name stays a name of the user's, and is hashed with the secret salt.
 */

import type { SourceItem, SourceNote } from "./layout.ts";

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

/** Whose image it is. @param own What the folder or the user says of a case that is not published. */
export function patientFacts(
  name: string,
  own: string | undefined,
): Pick<SourceItem, "patient" | "patientSpace" | "isPublished"> {
  const published = publishedCase(name);
  return published === undefined ? { patient: own, isPublished: false } : { ...published, isPublished: true };
}

/**
 * How patients are told where cases have names that may be anybody's. The store keeps the sentence, so no name is in it.
 *
 * @param names Of the cases. @param otherwise The rule for those that are not published, where no pattern is given.
 */
export function patientsNote(
  names: Iterable<string>,
  patientPattern: RegExp | undefined,
  otherwise = "nothing says which images belong to one patient: patients are unknown",
): SourceNote {
  let [numPublished, numOwn] = [0, 0];
  for (const name of names) {
    if (publishedCase(name) === undefined) numOwn += 1;
    else numPublished += 1;
  }
  const ofPublished = "patients are told by the published names";
  const ofOwn = patientPattern === undefined ? otherwise : "patients are told by --patient-pattern";
  const note =
    numPublished === 0
      ? ofOwn
      : numOwn === 0
        ? ofPublished
        : `${ofPublished} of ${numPublished} images; for the other ${numOwn}, ${ofOwn}`;
  return { note, topic: "patients" };
}
