/**
 * Which images belong to one patient: told by the user, or guessed from the names, and always said aloud, since a wrong
 * guess puts one person's images on both sides of a split.
 *
 * In this order, for each source:
 *   1. the column `patient` of cases.csv;
 *   2. the first group of `--patient-pattern`, searched in the path below the source's folder; a store keeps it;
 *   3. `patient001` at the beginning of a file's or folder's name;
 *   4. left and right of one name, `Image_01L` and `Image_01R`, where the source has such a pair;
 *   5. a patient for each image.
 * A patient id of 1 to 4 is the same person in every source: joining two persons costs little, parting one leaks.
 */

import { MedsslError } from "@medssl/contract";

export interface PatientSubject {
  /** Path below the source's folder, with `/`, without extension. */
  readonly path: string;
  /** The same without an `images/`. */
  readonly id: string;
  /** From cases.csv. */
  readonly patient: string | undefined;
}

export interface PatientAssignment {
  /** The patient of each subject; undefined where each image is a patient of its own. */
  readonly patients: readonly (string | undefined)[];
  /** How they were told, in words. */
  readonly description: string;
}

/** @throws {MedsslError} `ERR_PATIENT_PATTERN` when the pattern fits no path or has no group. */
export function assignPatients(subjects: readonly PatientSubject[], pattern: RegExp | undefined): PatientAssignment {
  if (subjects.some(({ patient }) => patient !== undefined)) {
    return { patients: subjects.map(({ patient }) => patient), description: "cases.csv" };
  }
  if (pattern !== undefined) return byPattern(subjects, pattern);
  const numbered = subjects.map(({ path }) => /(?:^|\/)(patient[-_ ]?\d+)/i.exec(path)?.[1]);
  if (numbered.some((patient) => patient !== undefined)) {
    return { patients: numbered, description: `the names, as in ${numbered.find(Boolean)}` };
  }
  const sides = subjects.map(({ id }) => /^(.*\d[-_ ]?)(l|r|left|right)$/i.exec(id));
  const pairs = Map.groupBy(
    sides.filter((side) => side !== null),
    ([, base]) => base!,
  );
  const pair = [...pairs.values()].find(({ length }) => length > 1);
  if (pair !== undefined) {
    const [left, right] = pair.map(([id]) => id).sort();
    return {
      patients: sides.map((side) => side?.[1]?.replace(/[-_ ]$/, "")),
      description: `left and right of one name, as in ${left} and ${right}`,
    };
  }
  return { patients: subjects.map(() => undefined), description: "one patient an image" };
}

function byPattern(subjects: readonly PatientSubject[], pattern: RegExp): PatientAssignment {
  const patients = subjects.map(({ path }) => pattern.exec(path)?.[1]);
  const numMissing = patients.filter((patient) => patient === undefined).length;
  if (numMissing === subjects.length && numMissing > 0) {
    throw new MedsslError(
      "ERR_PATIENT_PATTERN",
      `--patient-pattern ${pattern.source}: no group of it was found in any path, such as "${subjects[0]!.path}"`,
      { hint: "Put the part that names the patient into parentheses, for example '^(p\\d+)_'." },
    );
  }
  const rest = numMissing > 0 ? `; ${numMissing} images that it does not fit are patients of their own` : "";
  return { patients, description: `--patient-pattern ${pattern.source}${rest}` };
}
