/**
 * A miniature of DeepLesion: `Images_png/000001_01_01/109.png` and DL_info.csv with all of its 18 columns.
 *
 * Alike    uint16 of HU + 32768, a key slice with its neighbours for each lesion, now and then two lesions on a slice,
 *          slices 1, 2.5 or 5 mm apart, most 512 x 512 and a few 768 x 768, the lists in quotes, the split by patient.
 * Dirt     truncated slices (`isTruncated`), of which the archive has some; an AppleDouble file.
 * Not      alike: lesions. The table's boxes lie on ordinary tissue.
 * Source   Yan et al., J. Med. Imaging 5(3):036501 (2018).
 */

import { Random } from "../random.ts";
import { around, between, chance, oneOf } from "./draw.ts";
import {
  type Archive,
  appleDouble,
  drawCount,
  drawIndex,
  isTruncated,
  type PlanCounts,
  type PlanOptions,
  type Table1Job,
} from "./table1-plan.ts";
import type { Field } from "./table1-table.ts";

const columns = [
  "File_name",
  "Patient_index",
  "Study_index",
  "Series_ID",
  "Key_slice_index",
  "Measurement_coordinates",
  "Bounding_boxes",
  "Lesion_diameters_Pixel_",
  "Normalized_lesion_location",
  "Coarse_lesion_type",
  "Possibly_noisy",
  "Slice_range",
  "Spacing_mm_px_",
  "Image_size",
  "DICOM_windows",
  "Patient_gender",
  "Patient_age",
  "Train_Val_Test",
];

const windows = ["-175, 275", "-1500, 500", "-160, 240", "-125, 225"];

export const deepLesionMiniature: Archive = {
  folder: "DeepLesion",
  title: "DeepLesion",
  published: 186_018,
  plan,
};

function* plan({ seed, images, table, file }: PlanOptions): Generator<Table1Job, PlanCounts> {
  const info = table("DL_info.csv", columns);
  let [patients, done] = [0, 0];
  while (done < images) {
    const random = new Random(seed, 232, ++patients);
    const person = random.uint32();
    const about = [chance(random, 0.42) ? "F" : "M", Math.round(Math.max(4, around(random, 53, 16)))];
    const part = 1 + drawIndex(random, [70, 15, 15]);
    const numStudies = drawCount(random, 1, 0.58, 12);
    for (let study = 1; study <= numStudies && done < images; study++) {
      const numSeries = drawCount(random, 1, 0.28, 4);
      for (let series = 1; series <= numSeries && done < images; series++) {
        const size = chance(random, 0.02) ? 768 : 512;
        const spacing = oneOf(random, [1, 2.5, 5]);
        const numSlices = Math.min(images - done, 5 + random.integer(16));
        const first = 10 + random.integer(300);
        const key = first + (numSlices >> 1);
        const folder = `${String(patients).padStart(6, "0")}_${two(study)}_${two(series)}`;
        const bottom = between(random, -190, 170 - numSlices * spacing);
        yield {
          kind: "series",
          seed: person,
          size,
          slices: Array.from({ length: numSlices }, (_, i) => ({
            path: `Images_png/${folder}/${three(first + i)}.png`,
            z: bottom + i * spacing,
            isTruncated: isTruncated(done++),
          })),
        };
        const names = [`${folder}_${three(key)}.png`, patients, study, series, key];
        const range = `${first}, ${first + numSlices - 1}`;
        const numLesions = drawCount(random, 1, 0.04, 3);
        for (let lesion = 0; lesion < numLesions; lesion++) {
          info.add([
            ...names,
            ...drawLesion(random, size, part),
            range,
            ...drawScan(random, size, spacing),
            ...about,
            part,
          ]);
        }
      }
    }
  }
  file("Images_png/000001_01_01/._001.png", appleDouble);
  return { patients, images };
}

/** From Measurement_coordinates to Possibly_noisy. Types are known outside of the training part only. */
function drawLesion(random: Random, size: number, part: number): Field[] {
  const [x, y] = [between(random, 0.3, 0.7) * size, between(random, 0.35, 0.65) * size];
  const [long, short] = [between(random, 8, 60), between(random, 0.5, 0.9)];
  const [dx, dy] = [long / 2, (long * short) / 2];
  const list = (...values: number[]) => values.map((value) => Number(value.toPrecision(6))).join(", ");
  return [
    list(x - dx, y, x + dx, y, x, y - dy, x, y + dy),
    list(x - dx - 5, y - dy - 5, x + dx + 5, y + dy + 5),
    list(long, long * short),
    list(x / size, y / size, random.next()),
    part === 1 ? -1 : 1 + random.integer(8),
    Number(chance(random, 0.03)),
  ];
}

/** Spacing_mm_px_, Image_size, DICOM_windows. */
function drawScan(random: Random, size: number, spacing: number): Field[] {
  const pitch = between(random, 0.62, 0.95).toFixed(6);
  return [`${pitch}, ${pitch}, ${spacing}`, `${size}, ${size}`, oneOf(random, windows)];
}

const two = (value: number): string => String(value).padStart(2, "0");
const three = (value: number): string => String(value).padStart(3, "0");
