/**
 * A layout of one's own: a folder for each patient, outlines of the lungs beside the films, a table of who is for what.
 *
 *     P001/film1.png  P001/film1-lungs.png  P002/film1.png  ...    patients.csv with the columns patient and group
 *
 *     npx medssl ingest films --layout examples/my-layout.ts --store stores/films
 */
import type { Layout, OfficialSplit } from "@medssl/datasets";

const FILM = /^(P\d{3})\/(film\d)\.png$/;
const SPLITS: Record<string, OfficialSplit> = { teaching: "train", exam: "test" };

const myLayout: Layout = {
  name: "my-films",
  title: "Our films",
  modality: "xray",
  labels: [{ value: 1, name: "lungs", fileValue: 255 }],
  isPublished: false,

  recognize: (folder) => folder.sample(20).some((path) => FILM.test(path)),

  async *list(folder) {
    const groups = await folder.index("patients.csv", (row) => row["patient"] ?? "", ["patient", "group"]);
    let numWithoutMask = 0;
    for (const path of folder.walk()) {
      const [, patient, film] = FILM.exec(path) ?? [];
      if (patient === undefined) continue;
      const mask = `${patient}/${film}-lungs.png`;
      const masks = folder.has(mask) ? [{ file: folder.at(mask) }] : [];
      if (masks.length === 0) numWithoutMask += 1;
      const split = SPLITS[groups?.get(patient)?.["group"] ?? ""];
      yield { key: `${patient}/${film}`, files: [folder.at(path)], masks, patient, split };
    }
    groups?.close();
    if (numWithoutMask > 0) yield { note: `${numWithoutMask} films have no outline of the lungs` };
  },
};

export default myLayout;
