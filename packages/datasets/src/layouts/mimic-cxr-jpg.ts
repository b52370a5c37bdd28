/**
 * MIMIC-CXR-JPG: chest films of the Beth Israel Deaconess hospital, credentialed.
 *
 *     files/p10/p10000032/s50414267/<dicom_id>.jpg
 *     mimic-cxr-2.0.0-metadata.csv.gz    ViewPosition of each film; mimic-cxr-2.0.0-split.csv.gz, both packed or not
 *
 * Folders  the set's own, one above, files/ or any below may be given, and any of the p-folders may be missing. Listed is
 *          what lies on disk, the tables are looked up.
 * View     some 15,800 films have no ViewPosition. They are listed with unknown view, not dropped.
 * Versions of a folder with several releases of the set, the last is listed.
 * Size     films are about 2500x3000 pixels: what is stored is reduced, by the store's recipe.
 * Names    are hashed in a store: the set is not public.
 * Source   Johnson et al., arXiv:1901.07042.
 */

import { isMostly, sampleImages } from "./image-sample.ts";
import type { Layout, OfficialSplit } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";
import { TablesNear } from "./tables-near.ts";

const FILM = /^(.*)\/p\d\d\/p(\d{8})\/s(\d{8})\/([0-9a-f]{8}(?:-[0-9a-f]{8}){4})\.(?:jpe?g|png)$/;
const INNER_FOLDER = /^(?:files|p\d\d|p\d{8}|s\d{8})$/;
const SPLITS: Readonly<Record<string, OfficialSplit>> = { train: "train", validate: "validation", test: "test" };

/** Obliques, and what is not here, are neither. */
const VIEWS: Readonly<Record<string, "frontal" | "lateral">> = {
  PA: "frontal",
  AP: "frontal",
  "AP AXIAL": "frontal",
  "AP LLD": "frontal",
  "AP RLD": "frontal",
  "PA LLD": "frontal",
  "PA RLD": "frontal",
  LATERAL: "lateral",
  LL: "lateral",
  "XTABLE LATERAL": "lateral",
};

export const mimicCxrJpg: Layout = {
  name: "mimic-cxr-jpg",
  title: "MIMIC-CXR-JPG",
  modality: "xray",
  isPublished: false,
  published: { images: 377_110, studies: 227_835, reference: "Johnson et al., arXiv:1901.07042" },
  recognize: (folder) => isMostly(folder, (path) => parse(folder, path) !== undefined),
  async *list(folder) {
    const version = sampleImages(folder)
      .flatMap((path) => parse(folder, path)?.version ?? [])
      .sort()
      .at(-1);
    using metadata = await readTable(folder, "metadata", "ViewPosition");
    using splits = await readTable(folder, "split", "split");
    let numOfOtherVersion = 0;
    let numWithoutView = 0;
    for (const path of folder.walk()) {
      const film = parse(folder, path);
      if (film === undefined) continue;
      if (film.version !== version) {
        numOfOtherVersion += 1;
        continue;
      }
      const { patient, study, image } = film;
      const row = metadata.get(image);
      const position = row?.["ViewPosition"]?.trim() ?? "";
      if (row !== undefined && position === "") numWithoutView += 1;
      yield {
        files: [folder.at(path)],
        key: `p${patient.slice(0, 2)}/p${patient}/s${study}/${image}`,
        patient,
        study,
        view: VIEWS[position],
        projection: /^PA\b/.test(position) ? "PA" : /^AP\b/.test(position) ? "AP" : undefined,
        split: SPLITS[splits.get(image)?.["split"] ?? ""],
      };
    }
    if (numOfOtherVersion > 0) {
      yield { note: `${numOfOtherVersion} films are left out: another release of the set than ${version}` };
    }
    if (numWithoutView > 0) yield { note: `${numWithoutView} films have no ViewPosition: listed, their view unknown` };
    yield* metadata.notes("mimic-cxr-2.0.0-metadata.csv[.gz]", "their view is");
    yield* splits.notes("mimic-cxr-2.0.0-split.csv[.gz]", "their split is");
  },
};

const readTable = (folder: SourceFolder, kind: "metadata" | "split", column: string) =>
  TablesNear.read(folder, new RegExp(`^mimic-cxr-[0-9.]+-${kind}\\.csv$`), INNER_FOLDER, (row) => row["dicom_id"]!, [
    "dicom_id",
    column,
  ]);

/** What a film's path says; with the folders above the given one, which may be an inner folder. */
function parse(folder: SourceFolder, path: string) {
  const [, parent, patient, study, image] = FILM.exec(folder.at(path).replaceAll("\\", "/")) ?? [];
  if (parent === undefined) return undefined;
  const version = parent
    .replace(/\/files$/, "")
    .split("/")
    .at(-1)!;
  return { version, patient: patient!, study: study!, image: image! };
}
