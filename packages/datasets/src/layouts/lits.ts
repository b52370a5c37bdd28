/**
 * LiTS: the liver and its tumors in CT.
 *
 *     Training Batch 1/{volume-0.nii, segmentation-0.nii}    0-130, in two batches; masks may lie in another folder
 *     test-volume-0.nii                                      70 volumes, unlabelled
 *
 * Spacing   of volumes 28-47 is written as 1 mm in all directions with an identity affine, which is not that of the
 *           scans (https://github.com/PatrickChrist/LITS-CHALLENGE/issues/14): it counts as unknown.
 * People    MSD's Task03_Liver holds the same 131 with the same numbers, so the two share their patients. 3D-IRCADb-01
 *           is inside too, within 28-48; which case is which is disputed
 *           (https://github.com/assassint2017/MICCAI-LITS2017/issues/33), so it is said in a note and not put in names.
 * Source    Bilic et al., Med. Image Anal. 84:102680 (2023).
 */

import { fileLabels } from "./file-labels.ts";
import type { Layout, Reading, SourceNote } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";

const FILE = /(?:^|\/)(volume|test-volume|segmentation)-(\d+)\.nii(?:\.gz)?$/;

export const lits: Layout = {
  name: "lits",
  title: "LiTS",
  modality: "ct",
  isPublished: true,
  patientSpace: "lits",
  labels: fileLabels({ liver: 1, tumor: 2 }),
  published: { images: 201, patients: 201, masks: 131, reference: "Bilic et al., Med. Image Anal. 84:102680 (2023)" },

  recognize: (folder) => isNamedBy(folder, roleOf),

  async *list(folder) {
    const numbers: number[] = [];
    yield* listByName(folder, roleOf, ({ path }) => {
      const [, kind, number = ""] = FILE.exec(path)!;
      if (kind === "test-volume") return { patient: `test-${number}`, split: "test" };
      numbers.push(Number(number));
      return { patient: number, split: "train", reading: litsReading(Number(number)) };
    });
    yield* litsNotes(numbers);
  },
};

function roleOf(path: string): Role | undefined {
  const [, kind, number] = FILE.exec(path) ?? [];
  if (kind === undefined) return undefined;
  return kind === "segmentation" ? { maskOf: `volume-${number}` } : { image: `${kind}-${number}` };
}

/** What is known of training case `number`, here and in MSD's Task03. */
export function litsReading(number: number): Reading | undefined {
  return number >= 28 && number <= 47 ? { spacingMm: "unknown" } : undefined;
}

/** What is to be said of these training cases, here and in MSD's Task03. */
export function* litsNotes(numbers: readonly number[]): Generator<SourceNote> {
  const numUnknown = numbers.filter((number) => litsReading(number) !== undefined).length;
  if (numUnknown > 0) {
    yield { note: `${numUnknown} volumes of 28-47 have a placeholder for their voxel size: it counts as unknown` };
  }
  if (numbers.length > 0) {
    yield {
      note:
        "LiTS and MSD's Task03_Liver hold the same people, 3D-IRCADb-01 among them (within 28-48): never test on one " +
        "what was trained on another",
    };
  }
}
