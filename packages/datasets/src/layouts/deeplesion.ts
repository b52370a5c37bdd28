/**
 * DeepLesion: slices of CT with an annotated lesion, each with its neighbours, as 16-bit PNGs.
 *
 *     Images_png/000001_01_01/109.png      patient, study and series in the folder's name, slice in the file's
 *     DL_info.csv                          one row a lesion; only annotated ("key") slices have rows
 *
 * Folders   the archive comes in many zips: `Images_png` may lie in several folders. A series that is spread over some
 *           of them comes in one piece.
 * Units     stored are HU + 32768. Spacing in the table is x, y, z; z is the distance of the slices that are there.
 * Location  of the lesion in the body, each 0-1. A key slice has its own lesion's, the last one's where it has several;
 *           a neighbour has that of the nearest key slice of its series.
 * Split     official, by patient. Neighbours have their series' split.
 * Left out  everything else in the table: sex, age and windows (which fit the lesion, not the organ).
 * Source    Yan et al., J. Med. Imaging 5(3):036501 (2018).
 */

import { basename } from "node:path";
import type { Vec3 } from "@medssl/imaging";
import type { CsvRecord } from "./csv.ts";
import { isMostly } from "./image-sample.ts";
import type { Layout, OfficialSplit } from "./layout.ts";
import type { SourceFolder } from "./source-folder.ts";

const SERIES_FOLDER = /^\d{6}_\d{2}_\d{2}$/;
const SLICE = /(?:^|\/)\d{6}_\d{2}_\d{2}\/\d{3}\.png$/;
/** Folders that unzipping may put around the series: `zip01/Images_png/000001_01_01`. */
const MAX_DEPTH = 3;
const COLUMNS = ["File_name", "Normalized_lesion_location", "Spacing_mm_px_", "Train_Val_Test"];
const SPLITS: Readonly<Record<string, OfficialSplit>> = { 1: "train", 2: "validation", 3: "test" };

export const deepLesion: Layout = {
  name: "deeplesion",
  title: "DeepLesion",
  modality: "ct",
  isPublished: true,
  published: { patients: 4427, studies: 10594, reference: "Yan et al., J. Med. Imaging 5(3):036501 (2018)" },

  recognize: (folder) => isMostly(folder, (path) => SLICE.test(path)),

  async *list(folder) {
    const beside = basename(folder.root).startsWith("Images_png") ? ["../DL_info.csv"] : [];
    const places = ["DL_info.csv", "Images_png/DL_info.csv", ...beside];
    const table = places.find((path) => folder.table(path) !== undefined) ?? "DL_info.csv";
    const byFile = await folder.index(table, (record) => record["File_name"]!, COLUMNS);
    const bySeries = await folder.index(table, (record) => record["File_name"]!.slice(0, 12), COLUMNS);
    if (!byFile) yield { note: "no DL_info.csv: spacing, location and the official split are unknown" };
    try {
      let numUnknown = 0;
      for (const [series, files] of seriesOf(folder)) {
        const ofSeries = bySeries?.get(series);
        if (bySeries !== undefined && ofSeries === undefined) numUnknown += files.size;
        const keySlices = new Map<number, CsvRecord>();
        for (const slice of files.keys()) {
          const record = byFile?.get(`${series}_${slice}.png`);
          if (record !== undefined) keySlices.set(Number(slice), record);
        }
        const [x, y, z] = parseVec3(ofSeries?.["Spacing_mm_px_"]) ?? [];
        for (const [slice, file] of files) {
          const record = nearest(keySlices, Number(slice)) ?? ofSeries;
          yield {
            files: [folder.at(file)],
            key: `${series}/${slice}`,
            patient: series.slice(0, 6),
            study: series.slice(0, 9),
            series,
            split: SPLITS[ofSeries?.["Train_Val_Test"]?.trim() ?? ""],
            location: parseVec3(record?.["Normalized_lesion_location"]),
            reading: { subtract: 32768, isHounsfield: true, ...(x && y && z ? { spacingMm: [z, y, x] } : {}) },
          };
        }
      }
      if (numUnknown > 0) yield { note: `${numUnknown} slices are of series that DL_info.csv does not name` };
    } finally {
      byFile?.close();
      bySeries?.close();
    }
  },
};

/** The slices of each series by their three digits, series in order, wherever their folders lie. */
function* seriesOf(folder: SourceFolder): Generator<[series: string, files: Map<string, string>]> {
  const places = Map.groupBy(seriesFolders(folder), (path) => path.slice(-12));
  for (const series of [...places.keys()].sort()) {
    const files = places
      .get(series)!
      .flatMap((path) => folder.names(path).map((name) => ({ name, path: `${path}/${name}` })))
      .filter(({ name }) => /^\d{3}\.png$/.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    yield [series, new Map(files.map(({ name, path }) => [name.slice(0, 3), path]))];
  }
}

function* seriesFolders(folder: SourceFolder, path = "", depth = 0): Generator<string> {
  for (const name of folder.folders(path)) {
    const below = path === "" ? name : `${path}/${name}`;
    if (SERIES_FOLDER.test(name)) yield below;
    else if (depth < MAX_DEPTH) yield* seriesFolders(folder, below, depth + 1);
  }
}

function nearest(keySlices: ReadonlyMap<number, CsvRecord>, slice: number): CsvRecord | undefined {
  let [best, distance]: [CsvRecord | undefined, number] = [undefined, Infinity];
  for (const [key, record] of keySlices) {
    if (Math.abs(key - slice) < distance) [best, distance] = [record, Math.abs(key - slice)];
  }
  return best;
}

/** A field such as "0.488281, 0.488281, 5". */
function parseVec3(field = ""): Vec3 | undefined {
  const [x, y, z] = field.split(",").map(Number);
  return Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(z) ? [x!, y!, z!] : undefined;
}
