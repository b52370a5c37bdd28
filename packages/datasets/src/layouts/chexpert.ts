/**
 * CheXpert: chest films of Stanford's hospital.
 *
 *     CheXpert-v1.0-small/{train,valid,test}/patient00001/study1/view1_frontal.jpg    train.csv, valid.csv beside
 *     CheXpert-v1.0 batch 2 (train 1)/patient00001/...                                 the full set in its four parts
 *
 * Folders  the set's own, one above or one inside may be given. Listed is what lies on disk; the tables only say the
 *          projection. Their `Path` begins with the name that the set's folder once had: it is not looked at.
 * Versions the full and the small set are the same films: of a folder with both, the small one is listed.
 * View     from the file's name; AP or PA of frontal films from the tables, where it is blank for lateral ones.
 * Split    from the folders: train, valid (validation), test.
 * Privacy  age and sex stand in the tables; no item has them.
 * Source   Irvin et al., AAAI 2019.
 */

import { isMostly, sampleImages } from "./image-sample.ts";
import type { Layout, OfficialSplit } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";
import { TablesNear } from "./tables-near.ts";

const FILM = /^(.*)\/(patient\d{5})\/(study\d+)\/(view\d+_(frontal|lateral))\.(?:jpe?g|png)$/;
/** A patient is in one split only: the table's key needs no more. */
const KEY = /patient\d{5}\/study\d+\/view\d+_(?:frontal|lateral)/;
const TABLE = /^(?:train|valid|test|test_labels)\.csv$/;
const INNER_FOLDER = /^(?:train|valid|test|patient\d{5}|study\d+)$/;
const SPLITS: Readonly<Record<string, OfficialSplit>> = { train: "train", valid: "validation", test: "test" };

export const chexpert: Layout = {
  name: "chexpert",
  title: "CheXpert",
  modality: "xray",
  isPublished: true,
  published: {
    images: 224_316,
    patients: 65_240,
    reference: "Irvin et al., AAAI 2019; 668 of the images are the test set, which is handed out apart",
  },
  recognize: (folder) => isMostly(folder, (path) => parse(folder, path) !== undefined),
  async *list(folder) {
    const versions = new Set(sampleImages(folder).flatMap((path) => parse(folder, path)?.version ?? []));
    const version = [...versions].find((name) => /small/i.test(name)) ?? [...versions][0];
    using tables = await TablesNear.read(folder, TABLE, INNER_FOLDER, (row) => KEY.exec(row["Path"]!)?.[0] ?? "", [
      "Path",
    ]);
    let numOfOtherVersion = 0;
    for (const path of folder.walk()) {
      const film = parse(folder, path);
      if (film === undefined) continue;
      if (film.version !== version) {
        numOfOtherVersion += 1;
        continue;
      }
      const { part, patient, study, name, view } = film;
      const projection = tables.get(`${patient}/${study}/${name}`)?.["AP/PA"];
      yield {
        files: [folder.at(path)],
        key: [part, patient, study, name].filter(Boolean).join("/"),
        patient,
        study: `${patient}/${study}`,
        view,
        projection: projection === "AP" || projection === "PA" ? projection : undefined,
        split: SPLITS[part ?? ""],
      };
    }
    if (numOfOtherVersion > 0) {
      yield {
        note: `${numOfOtherVersion} films are left out: the same as in ${version}, in another version of the set`,
      };
    }
    yield* tables.notes("train.csv or valid.csv", "AP or PA is");
  },
};

/** What a film's path says; with the folders above the given one, which may be an inner folder. */
function parse(folder: SourceFolder, path: string) {
  const [, parent, patient, study, name, view] = FILM.exec(folder.at(path).replaceAll("\\", "/")) ?? [];
  if (parent === undefined) return undefined;
  const folders = parent.split("/");
  const part = /train|valid|^test/.exec(folders.at(-1)!)?.[0];
  // The parts of the full set, "batch 1 (validate & csv)" to "batch 4 (train 3)", are one version.
  const home = INNER_FOLDER.test(folders.at(-1)!) ? folders.at(-2) : folders.at(-1);
  return {
    part,
    version: home?.replace(/ batch \d.*$/, ""),
    patient: patient!,
    study: study!,
    name: name!,
    view: view as "frontal" | "lateral",
  };
}
