import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { RunEvent } from "@medssl/contract";
import { applyAffine, orientationCode, readImage, readNifti } from "@medssl/imaging";
import { type CsvRecord, readCsv } from "../layouts/csv.ts";
import { writeTable1 } from "./table1.ts";
import { amosMiniature } from "./table1-amos22.ts";
import { chexpertMiniature } from "./table1-chexpert.ts";
import { deepLesionMiniature } from "./table1-deeplesion.ts";
import { mimicCxrMiniature } from "./table1-mimic-cxr.ts";
import { type Archive, numPictures, type Table1Job } from "./table1-plan.ts";
import type { Field } from "./table1-table.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-table1-"));
after(() => rmSync(root, { recursive: true }));
const ignore = () => {};

/** 22 + 38 + 19 + 6 pictures. */
const settings = { scale: 0.0001, seed: 1 };
const whole = join(root, "whole");
const summary = await writeTable1({ ...settings, dir: whole }, ignore);
const chexpert = join(whole, "CheXpert-v1.0-small");
const mimic = join(whole, "mimic-cxr-jpg");
const deepLesion = join(whole, "DeepLesion");
const amos = join(whole, "amos22");

/** Files below a folder, with `/`, those of hidden names left out. */
function files(folder: string, ending = ""): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !/(?:^|\/)\./.test(path) && path.endsWith(ending) && statSync(join(folder, path)).isFile())
    .sort();
}

const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const lines = (path: string): string[] => {
  const bytes = readFileSync(path);
  return String(path.endsWith(".gz") ? gunzipSync(bytes) : bytes)
    .trim()
    .split("\n");
};

/** Rows of a table by one of its columns. */
async function rowsBy(column: string, path: string): Promise<Map<string, CsvRecord>> {
  const rows = new Map<string, CsvRecord>();
  for await (const row of readCsv(path)) rows.set(row[column]!, row);
  return rows;
}

test("each archive has its share of the published count", () => {
  assert.ok(summary.isComplete);
  assert.deepEqual(
    summary.archives.map(({ name, images }) => [name, images]),
    [
      ["CheXpert", 22],
      ["MIMIC-CXR-JPG", 38],
      ["DeepLesion", 19],
      ["AMOS22", 6],
    ],
  );
  assert.equal(summary.images, 85);
});

test("CheXpert: the tables name every film, laterals have no projection, one film is cut, one is doubled", async () => {
  const rows = ["train.csv", "valid.csv"].flatMap((name) => lines(join(chexpert, name)).slice(1));
  const paths = rows.map((row) => row.split(",")[0]!.replace("CheXpert-v1.0-small/", ""));
  assert.deepEqual(paths.sort(), files(chexpert, ".jpg"));
  for (const row of rows) {
    const fields = row.split(",");
    assert.equal(fields.length, 19);
    assert.match(fields[4]!, fields[3] === "Lateral" ? /^$/ : /^(AP|PA)$/);
  }
  const hashes = paths.map((path) => hash(join(chexpert, path)));
  assert.equal(new Set(hashes).size, paths.length - 1);
  let numBroken = 0;
  for (const path of paths) {
    const image = await readImage(join(chexpert, path)).catch((error) => assert.equal(error.code, "ERR_IMAGE_CORRUPT"));
    if (image === undefined) numBroken++;
    else assert.ok(image.height === 320 && image.width >= 320 && image.width <= 450 && image.channels === 1);
  }
  assert.equal(numBroken, 1);
  assert.ok(existsSync(join(chexpert, "train/patient00001/study1/._view1_frontal.jpg")));
});

test("MIMIC-CXR-JPG: paths follow from the tables' identifiers, sizes and splits are there", async () => {
  const metadata = await rowsBy("dicom_id", join(mimic, "mimic-cxr-2.0.0-metadata.csv.gz"));
  const splits = await rowsBy("dicom_id", join(mimic, "mimic-cxr-2.0.0-split.csv.gz"));
  const films = files(join(mimic, "files"));
  assert.equal(metadata.size, films.length);
  for (const path of films) {
    const name = path.split("/").at(-1)!.replace(".jpg", "");
    assert.equal(name.length, 44);
    const { subject_id: subject, study_id: study, Rows, Columns } = metadata.get(name)!;
    assert.equal(path, `p${subject!.slice(0, 2)}/p${subject}/s${study}/${name}.jpg`);
    assert.match(splits.get(name)!["split"]!, /^(train|validate|test)$/);
    const image = await readImage(join(mimic, "files", path)).catch(ignore);
    if (image) assert.deepEqual([image.height, image.width], [Number(Rows), Number(Columns)]);
  }
  const studies = new Set(films.map((path) => path.split("/")[2]));
  assert.equal(lines(join(mimic, "mimic-cxr-2.0.0-chexpert.csv.gz")).length - 1, studies.size);
});

test("DeepLesion: Hounsfield units above 32768, key slices and ranges that lie on disk", async () => {
  const info = await rowsBy("File_name", join(deepLesion, "DL_info.csv"));
  const slices = files(join(deepLesion, "Images_png"));
  assert.equal(slices.length, 19);
  const key = slices.find((path) => info.get(path.replace("/", "_")) !== undefined)!;
  const row = info.get(key.replace("/", "_"))!;
  assert.equal(Object.keys(row).length, 18);
  const [first, last] = row["Slice_range"]!.split(", ").map(Number) as [number, number];
  const series = slices.filter((path) => path.startsWith(key.slice(0, 12))).map((path) => Number(path.slice(13, 16)));
  assert.deepEqual([series[0], series.at(-1), series.length], [first, last, last - first + 1]);
  const { data, width } = await readImage(join(deepLesion, "Images_png", key));
  assert.equal(`${width}, ${width}`, row["Image_size"]);
  assert.ok(data instanceof Uint16Array);
  const density = [...data].map((value) => value - 32768);
  const share = (low: number, high: number) =>
    density.filter((value) => value > low && value < high).length / density.length;
  assert.ok(share(-1025, -900) > 0.3, "air around the body");
  assert.ok(share(-150, 150) > 0.1, "soft tissue");
});

test("AMOS22: volumes by modality and number, labels on the same grid, a dataset.json that lists them", async () => {
  const {
    training,
    validation,
    test: tests,
    labels,
    licence,
  } = JSON.parse(lines(join(amos, "dataset.json")).join("\n"));
  const listed = [...training, ...validation].flatMap(({ image, label }) => [image, label]);
  assert.deepEqual([...listed, ...tests].map((path: string) => path.slice(2)).sort(), files(amos, ".nii.gz"));
  assert.ok(licence !== undefined && labels["8"] === "arota");
  for (const { image, label } of training) {
    const [volume, mask] = await Promise.all(
      [image, label].map(async (path) => (await readNifti(join(amos, path))).volume(0)),
    );
    assert.ok(volume!.data instanceof Int16Array);
    assert.deepEqual([mask!.shape, mask!.affine], [volume!.shape, volume!.affine]);
    const number = Number(/\d{4}/.exec(image)![0]);
    assert.equal(volume!.shape[1], number > 500 ? 320 : 512);
    assert.ok(mask!.data.every((value) => value <= 15) && mask!.data.some((value) => value > 0));
  }
  assert.deepEqual(
    [training, validation, tests].map((part) => part.length),
    [2, 2, 2],
  );
});

test("the liver lies on the patient's right, whatever the file's orientation", async () => {
  for (const image of files(amos, ".nii.gz").filter((path) => path.startsWith("labels"))) {
    const { shape, data, affine } = (await readNifti(join(amos, image))).volume(0);
    const [, height, width] = shape;
    let [sum, count] = [0, 0];
    for (const [i, label] of data.entries()) {
      if (label !== 6) continue;
      const [x, y, z] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
      sum += applyAffine(affine!, [x, y, z])[0];
      count++;
    }
    assert.ok(
      count === 0 || sum / count > 10,
      `${image} ${orientationCode(affine!)}: liver at x = ${sum / count} mm (RAS+)`,
    );
  }
});

/** A plan to its end, without a picture: its films, and the rows of its tables. */
function read(archive: Archive, images: number) {
  const jobs: Table1Job[] = [];
  const rows = new Map<string, (readonly Field[])[]>();
  const plan = archive.plan({
    seed: 3,
    images,
    filmRange: (view) => (view === "frontal" ? [0, 9] : [9, 3]),
    table(path) {
      const added: (readonly Field[])[] = [];
      rows.set(path, added);
      return { add: (fields) => added.push(fields) };
    },
    file: ignore,
  });
  let next = plan.next();
  for (; !next.done; next = plan.next()) jobs.push(next.value);
  return { jobs, rows, counts: next.value };
}

test("a plan has exactly the pictures that were asked for, each in a place of its own", () => {
  for (const archive of [chexpertMiniature, mimicCxrMiniature, deepLesionMiniature, amosMiniature]) {
    const images = Math.round(0.02 * archive.published);
    const { jobs, counts } = read(archive, images);
    const paths = jobs.flatMap((job): { readonly path: string; readonly isTruncated?: boolean }[] => {
      if (job.kind === "volume") return [{ path: job.imagePath }];
      return [...(job.kind === "films" ? job.films : job.slices)];
    });
    assert.equal(counts.images, images);
    assert.equal(
      jobs.reduce((sum, job) => sum + numPictures(job), 0),
      images,
    );
    assert.equal(new Set(paths.map(({ path }) => path)).size, paths.length);
    const numTruncated = paths.filter((file) => file.isTruncated).length;
    if (archive !== amosMiniature) assert.equal(numTruncated, Math.ceil((images - 7) / 2000), archive.title);
  }
});

test("MIMIC-CXR-JPG: films without a view, copies in another contrast, patients with several studies", () => {
  const { jobs, rows, counts } = read(mimicCxrMiniature, 7542);
  const metadata = rows.get("mimic-cxr-2.0.0-metadata.csv.gz")!;
  const share = metadata.filter((row) => row[4] === "").length / metadata.length;
  assert.ok(share > 0.03 && share < 0.055, `${share} without ViewPosition`);
  const films = jobs.flatMap((job) => (job.kind === "films" ? job.films : []));
  const nearCopies = films.filter((film, i) => film.shot === films[i - 1]?.shot && film.tone !== films[i - 1]!.tone);
  assert.ok(nearCopies.length >= 10, `${nearCopies.length} near copies`);
  const studies = rows.get("mimic-cxr-2.0.0-chexpert.csv.gz")!.length;
  assert.ok(Math.abs(studies / counts.patients - 227_835 / 65_379) < 0.6, `${studies / counts.patients} studies each`);
});

test("the same settings give the same bytes, also after an interruption; a whole folder is left as it is", async () => {
  const dir = join(root, "again");
  const controller = new AbortController();
  const stop = (event: RunEvent) => event.type === "step" && event.step > 12 && controller.abort();
  const cut = await writeTable1({ ...settings, dir }, stop, controller.signal);
  assert.ok(!cut.isComplete && !existsSync(join(dir, "table1.json")));
  assert.ok((await writeTable1({ ...settings, dir }, ignore)).isComplete);
  assert.deepEqual(files(dir), files(whole));
  for (const path of files(dir)) assert.equal(hash(join(dir, path)), hash(join(whole, path)), path);
  let steps = 0;
  const third = await writeTable1({ ...settings, dir }, (event) => {
    if (event.type === "step") steps++;
  });
  assert.deepEqual([third.images, third.isComplete, steps], [85, true, 0]);
});

test("a folder with something else in it, or of other settings, is left alone", async () => {
  await assert.rejects(writeTable1({ ...settings, seed: 2, dir: whole }, ignore), { code: "ERR_PHANTOM_FOLDER" });
  const dir = mkdtempSync(join(root, "foreign-"));
  writeFileSync(join(dir, "mine.txt"), "");
  await assert.rejects(writeTable1({ ...settings, dir }, ignore), { code: "ERR_PHANTOM_FOLDER" });
  assert.deepEqual(readdirSync(dir), ["mine.txt"]);
});
