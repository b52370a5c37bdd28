/**
 * A miniature of CheXpert-v1.0-small: `{train,valid}/patient00001/study1/view1_frontal.jpg`, train.csv and valid.csv.
 *
 * Alike    several studies of a patient, frontal and lateral films, short side 320 and width from 320 to 450, AP or PA
 *          blank for laterals, labels 1, 0, -1 or blank; about 0.1 % of the films are in `valid`.
 * Dirt     truncated films (`isTruncated`); the second film of the first patient who has several is the first once more; an
 *          AppleDouble file.
 * Source   Irvin et al., AAAI 2019.
 */

import { Random } from "../random.ts";
import { around, chance } from "./draw.ts";
import type { FilmView } from "./table1-films.ts";
import {
  type Archive,
  appleDouble,
  drawCount,
  drawIndex,
  type FilmFile,
  isTruncated,
  type PlanCounts,
  type PlanOptions,
  type Table1Job,
} from "./table1-plan.ts";
import type { Field } from "./table1-table.ts";

const FOLDER = "CheXpert-v1.0-small";

/** The 13 findings behind "No Finding", in the tables' order. */
const findings = [
  "Enlarged Cardiomediastinum",
  "Cardiomegaly",
  "Lung Opacity",
  "Lung Lesion",
  "Edema",
  "Consolidation",
  "Pneumonia",
  "Atelectasis",
  "Pneumothorax",
  "Pleural Effusion",
  "Pleural Other",
  "Fracture",
  "Support Devices",
] as const;

const columns = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", "No Finding", ...findings];

/** Films in valid.csv for each film in all. */
const VALID_SHARE = 234 / 223_648;

export const chexpertMiniature: Archive = {
  folder: FOLDER,
  title: "CheXpert",
  published: 224_316,
  plan,
};

function* plan({ seed, images, filmRange, table, file }: PlanOptions): Generator<Table1Job, PlanCounts> {
  const numValid = Math.min(images - 1, Math.max(1, Math.round(images * VALID_SHARE)));
  const tables = { train: table("train.csv", columns), valid: table("valid.csv", columns) };
  let [patients, done, hasCopy] = [0, 0, false];
  while (done < images) {
    const split = done < images - numValid ? "train" : "valid";
    const end = split === "train" ? images - numValid : images;
    const random = new Random(seed, 230, ++patients);
    const person = random.uint32();
    const folder = `${split}/patient${String(patients).padStart(5, "0")}`;
    const about = [chance(random, 0.41) ? "Female" : "Male", Math.round(Math.max(18, around(random, 60, 17)))];
    const numStudies = split === "valid" ? 1 : drawCount(random, 1, 0.65, 40);
    const films: FilmFile[] = [];
    for (let study = 1; study <= numStudies && done < end; study++) {
      const labels = drawLabels(random, split === "train");
      const numViews = drawCount(random, 1, 0.18, 3);
      for (let view = 1; view <= numViews && done < end; view++) {
        const side: FilmView = view === 2 ? "lateral" : "frontal";
        const path = `${folder}/study${study}/view${view}_${side}.jpg`;
        const [first, count] = filmRange(side);
        const isCopy = !hasCopy && films.length === 1;
        hasCopy ||= isCopy;
        const film: FilmFile = {
          width: 320 + random.integer(131),
          height: 320,
          base: first + (person % count),
          person,
          shot: random.uint32(),
          tone: random.uint32(),
          path,
          isTruncated: isTruncated(done++),
        };
        films.push(isCopy ? { ...films[0]!, path } : film);
        const projection = side === "lateral" ? "" : chance(random, 0.85) ? "AP" : "PA";
        const name = side === "lateral" ? "Lateral" : "Frontal";
        tables[split].add([`${FOLDER}/${path}`, ...about, name, projection, ...labels]);
      }
    }
    yield { kind: "films", films, quality: 92 };
  }
  file("train/patient00001/study1/._view1_frontal.jpg", appleDouble);
  return { patients, images };
}

/** `No Finding` and the findings: 1.0 there, 0.0 not there, -1.0 uncertain, blank not mentioned. */
function drawLabels(random: Random, hasDoubts: boolean): Field[] {
  const isHealthy = chance(random, 0.1);
  const weights = hasDoubts ? [18, 12, 6, 64] : [20, 80, 0, 0];
  const values = findings.map(() => ["1.0", "0.0", "-1.0", ""][drawIndex(random, weights)]!);
  if (!isHealthy) return [hasDoubts ? "" : "0.0", ...values];
  return ["1.0", ...values.map((value) => (hasDoubts ? "" : value === "1.0" ? "0.0" : value))];
}
