/**
 * A miniature of MIMIC-CXR-JPG: `files/p10/p10000032/s50414267/<dicom_id>.jpg` and the tables metadata, split and
 * chexpert, packed.
 *
 * Alike    identifiers in their forms and ranges, studies of one to four films, 4.2 % of the films without ViewPosition,
 *          labels of each study, the split by patient. Films are smaller than the archive's 2544 x 3056: 512 pixels on the
 *          short side, so that scale 1 is 17 GB and not 570.
 * Dirt     truncated films (`isTruncated`); in every fiftieth study the last film is the one before it in another
 *          contrast, as the archive has them; the first study with two films has one twice.
 * Source   Johnson et al., Scientific Data 6:317 (2019).
 */

import { Random } from "../random.ts";
import { chance } from "./draw.ts";
import type { Film } from "./table1-films.ts";
import {
  type Archive,
  drawCount,
  drawIndex,
  type FilmFile,
  isTruncated,
  type PlanCounts,
  type PlanOptions,
  type Table1Job,
} from "./table1-plan.ts";

const metadataColumns = [
  "dicom_id",
  "subject_id",
  "study_id",
  "PerformedProcedureStepDescription",
  "ViewPosition",
  "Rows",
  "Columns",
  "StudyDate",
  "StudyTime",
  "ProcedureCodeSequence_CodeMeaning",
  "ViewCodeSequence_CodeMeaning",
  "PatientOrientationCodeSequence_CodeMeaning",
];

const findings = [
  "Atelectasis",
  "Cardiomegaly",
  "Consolidation",
  "Edema",
  "Enlarged Cardiomediastinum",
  "Fracture",
  "Lung Lesion",
  "Lung Opacity",
  "No Finding",
  "Pleural Effusion",
  "Pleural Other",
  "Pneumonia",
  "Pneumothorax",
  "Support Devices",
];

/** ViewPosition and the code beside it, with the share of the films that have them. */
const views = [
  { position: "AP", code: "antero-posterior", side: "frontal", share: 39 },
  { position: "PA", code: "postero-anterior", side: "frontal", share: 25.5 },
  { position: "LATERAL", code: "lateral", side: "lateral", share: 22 },
  { position: "LL", code: "left lateral", side: "lateral", share: 9.3 },
  { position: "", code: "", side: "frontal", share: 4.2 },
] as const;
const shares = views.map(({ share }) => share);

export const mimicCxrMiniature: Archive = {
  folder: "mimic-cxr-jpg",
  title: "MIMIC-CXR-JPG",
  published: 377_110,
  plan,
};

function* plan({ seed, images, filmRange, table }: PlanOptions): Generator<Table1Job, PlanCounts> {
  const metadata = table("mimic-cxr-2.0.0-metadata.csv.gz", metadataColumns);
  const splits = table("mimic-cxr-2.0.0-split.csv.gz", ["dicom_id", "study_id", "subject_id", "split"]);
  const labels = table("mimic-cxr-2.0.0-chexpert.csv.gz", ["subject_id", "study_id", ...findings]);
  let [patients, studies, done, hasCopy] = [0, 0, 0, false];
  while (done < images) {
    const random = new Random(seed, 231, patients);
    const subject = 10_000_000 + mixedNumber(patients++, seed);
    const person = random.uint32();
    const split = ["train", "validate", "test"][drawIndex(random, [97.6, 0.8, 1.6])]!;
    const films: FilmFile[] = [];
    const numStudies = drawCount(random, 1, 0.71, 60);
    for (let i = 0; i < numStudies && done < images; i++) {
      const study = 50_000_000 + mixedNumber(studies++, seed);
      const when = drawTime(random);
      labels.add([subject, study, ...findings.map(() => drawLabel(random))]);
      const numFilms = Math.min(drawCount(random, 1, 0.4, 4), images - done);
      let before: TakenFilm | undefined;
      for (let k = 0; k < numFilms; k++) {
        const drawn = drawFilm(random, person, filmRange);
        const isCopy: boolean = before !== undefined && !hasCopy;
        const isNearCopy = before !== undefined && studies % 50 === 0 && k === numFilms - 1;
        hasCopy ||= isCopy;
        const { view, ...film }: TakenFilm = isCopy ? before! : isNearCopy ? { ...before!, tone: drawn.tone } : drawn;
        before = { view, ...film };
        const image = Array.from({ length: 5 }, () => random.uint32().toString(16).padStart(8, "0")).join("-");
        const path = `files/p${String(subject).slice(0, 2)}/p${subject}/s${study}/${image}.jpg`;
        films.push({ ...film, path, isTruncated: isTruncated(done++) });
        const step = view.position === "AP" ? "CHEST (PORTABLE AP)" : "CHEST (PA AND LAT)";
        const posture = view.position === "AP" ? "Recumbent" : "Erect";
        metadata.add([
          ...[image, subject, study, step, view.position],
          ...[film.height, film.width, ...when, step, view.code, posture],
        ]);
        splits.add([image, study, subject, split]);
      }
    }
    yield { kind: "films", films, quality: 92 };
  }
  return { patients, images };
}

interface TakenFilm extends Film {
  readonly view: (typeof views)[number];
}

function drawFilm(random: Random, person: number, filmRange: PlanOptions["filmRange"]): TakenFilm {
  const view = views[drawIndex(random, shares)]!;
  const [first, count] = filmRange(view.side);
  const long = 512 + random.integer(120);
  const [width, height] = chance(random, 0.5) ? [512, long] : [long, 512];
  return { view, width, height, base: first + (person % count), person, shot: random.uint32(), tone: random.uint32() };
}

/** StudyDate in the archive's far future, and StudyTime. */
function drawTime(random: Random): [date: string, time: string] {
  const date = [2110 + random.integer(90), two(1 + random.integer(12)), two(1 + random.integer(28))];
  const time = [two(random.integer(24)), two(random.integer(60)), two(random.integer(60)), ".", random.integer(1000)];
  return [date.join(""), time.join("")];
}

/** There, not there, uncertain, not mentioned. */
const drawLabel = (random: Random): string => ["1.0", "0.0", "-1.0", ""][drawIndex(random, [14, 8, 4, 74])]!;

/** The i-th of ten million numbers below that, in a mixed order: 3141593 and 10^7 have no common factor. */
const mixedNumber = (i: number, seed: number): number => (i * 3_141_593 + seed) % 10_000_000;

const two = (value: number): string => String(value).padStart(2, "0");
