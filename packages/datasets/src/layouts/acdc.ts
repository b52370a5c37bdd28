/**
 * ACDC: cine MR of the heart in short axis; end diastole and end systole are annotated.
 *
 *     training/patient001/{Info.cfg, patient001_4d.nii.gz, patient001_frame01.nii.gz, patient001_frame01_gt.nii.gz, ...}
 *     testing/patient101/...
 *
 * Phases    Info.cfg says which frame is end diastole (not always the first) and which end systole; without it (in
 *           shared copies) the two are not told apart. Both are one patient's.
 * Left out  the whole cine (`_4d`), which holds the annotated frames again; height and weight.
 * Split     official, told by the number: a given folder may be the inner one.
 * Stratum   the diagnosis, Info.cfg's `Group`.
 * Labels    0 background, 1 right ventricle, 2 myocardium, 3 left ventricle. M&Ms numbers the ventricles the other way
 *           round: its files, brought into this layout, would be read with right and left exchanged.
 * Slices    5-10 mm apart: two-dimensional by nature.
 * Geometry  directions were lost when the files were made: the published headers say -x, -y, z (and steps of 1 mm in the
 *           sform, https://github.com/MIC-DKFZ/nnUNet/issues/2741), copies say x, y, z, and neither is how a short axis lies.
 *           As stored, rows and columns are those of the DICOM slices: the right ventricle at the left, the chest wall on
 *           top, as readers of the heart see it. So directions count as unknown.
 * Source    Bernard et al., IEEE Trans. Med. Imaging 37(11):2514-2525 (2018).
 */

import { readFileSync } from "node:fs";
import { fileLabels } from "./file-labels.ts";
import type { Layout, Reading } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";
import type { SourceFolder } from "./source-folder.ts";

const FILE = /(?:^|\/)((patient\d{3})_(?:4d|frame(\d+)))(_gt)?\.nii(?:\.gz)?$/;
const LAST_TRAINING_PATIENT = 100;
const GROUPS = ["NOR", "MINF", "DCM", "HCM", "RV"];

/** Of ACDC's files, here and in nnU-Net's folders. */
export const acdcReading: Reading = { areDirectionsUnknown: true };

export const acdc: Layout = {
  name: "acdc",
  title: "ACDC",
  modality: "mr",
  isPublished: true,
  labels: fileLabels({ "right ventricle": 1, myocardium: 2, "left ventricle": 3 }),
  published: { patients: 150, images: 300, reference: "Bernard et al., IEEE Trans. Med. Imaging 37(11) (2018)" },

  recognize: (folder) => isNamedBy(folder, roleOf),

  async *list(folder) {
    const numWithInfo = new Map<boolean, number>();
    const missing = new Set<string>();
    yield* listByName(folder, roleOf, ({ path }) => {
      const [, , patient = "", frame] = FILE.exec(path)!;
      const here = path.slice(0, path.lastIndexOf("/") + 1);
      const info = readInfo(folder, `${here}Info.cfg`);
      numWithInfo.set(info !== undefined, (numWithInfo.get(info !== undefined) ?? 0) + 1);
      for (const phase of [info?.ED, info?.ES]) {
        const wanted = `${here}${patient}_frame${phase?.padStart(2, "0")}.nii`;
        if (phase !== undefined && !folder.firstOf(wanted, `${wanted}.gz`)) missing.add(wanted);
      }
      return {
        patient,
        study: patient,
        series: Number(frame) === Number(info?.ED) ? "ED" : Number(frame) === Number(info?.ES) ? "ES" : undefined,
        split: Number(patient.slice(7)) > LAST_TRAINING_PATIENT ? "test" : "train",
        stratum: GROUPS.find((group) => group === info?.Group),
        reading: acdcReading,
      };
    });
    yield { note: "ACDC's files do not say how the heart lies in the patient: slices are kept as they are stored" };
    const numWithout = numWithInfo.get(false) ?? 0;
    if (numWithout > 0) yield { note: `${numWithout} images have no Info.cfg: their phase and diagnosis are unknown` };
    if (missing.size > 0) yield { note: `${missing.size} frames of Info.cfg are missing, such as ${[...missing][0]}` };
  },
};

function roleOf(path: string): Role | undefined {
  const [, image, , frame, gt] = FILE.exec(path) ?? [];
  if (image === undefined) return undefined;
  if (frame === undefined) return { leftOut: "cine files (_4d), whose annotated frames are listed" };
  return gt === undefined ? { image } : { maskOf: image };
}

type Info = Partial<Record<"ED" | "ES" | "Group", string>>;

/** `Info.cfg` holds lines such as `ED: 1`. */
function readInfo(folder: SourceFolder, path: string): Info | undefined {
  if (!folder.has(path)) return undefined;
  const lines = readFileSync(folder.at(path), "utf8").split(/\r?\n/);
  const fields = lines.map((line) => /^\s*(ED|ES|Group)\s*:\s*(\w+)\s*$/.exec(line)?.slice(1, 3) ?? []);
  return Object.fromEntries(fields.filter(({ length }) => length === 2));
}
