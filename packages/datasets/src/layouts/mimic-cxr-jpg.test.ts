import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { mimicCxrJpg } from "./mimic-cxr-jpg.ts";
import { field, listed, recognizes, sampleSource } from "./sample-source.ts";

const id = (n: number) => Array.from({ length: 5 }, (_, i) => `${n}${i}`.padEnd(8, "a")).join("-");
const film = (n: number, patient: string, study: string) =>
  `p${patient.slice(0, 2)}/p${patient}/s${study}/${id(n)}.jpg`;
const FILMS = [
  film(1, "10000032", "50414267"),
  film(2, "10000032", "50414267"),
  film(3, "10000032", "53189527"),
  film(4, "11000011", "51029426"),
  film(5, "11000011", "51029426"),
];
const METADATA = `dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime
${id(1)},10000032,50414267,"CHEST (PA AND LAT)",PA,3056,2544,21800506,213014.531
${id(2)},10000032,50414267,"CHEST (PA AND LAT)",LATERAL,3056,2544,21800506,213014.531
${id(3)},10000032,53189527,CHEST (PORTABLE AP),AP AXIAL,3056,2544,21800626,165500.312
${id(4)},11000011,51029426,,,3056,2544,21800626,165500.312
${id(9)},19999999,59999999,,LL,3056,2544,21800626,165500.312
`;
const SPLIT = `dicom_id,study_id,subject_id,split
${id(1)},50414267,10000032,train
${id(2)},50414267,10000032,train
${id(3)},53189527,10000032,validate
${id(4)},51029426,11000011,test
${id(5)},51029426,11000011,test
${id(9)},59999999,19999999,train
`;
const NAMES = FILMS.map((path) => path.replace(".jpg", ""));
const PACKED = {
  "mimic-cxr-2.0.0-metadata.csv.gz": gzipSync(METADATA),
  "mimic-cxr-2.0.0-split.csv.gz": gzipSync(SPLIT),
};

test("patient and study from the path, view and split from the tables; no ViewPosition is no reason to drop a film", async () => {
  const source = sampleSource(PACKED, ...FILMS.map((path) => `files/${path}`));
  assert.ok(recognizes(mimicCxrJpg, source));
  const { items, notes } = await listed(mimicCxrJpg, source);
  assert.deepEqual(Object.keys(items), NAMES);
  const rows = Object.values(items).map((item) => [item.patient, item.study, item.view, item.projection, item.split]);
  assert.deepEqual(rows, [
    ["10000032", "50414267", "frontal", "PA", "train"],
    ["10000032", "50414267", "lateral", undefined, "train"],
    ["10000032", "53189527", "frontal", "AP", "validation"],
    ["11000011", "51029426", undefined, undefined, "test"],
    ["11000011", "51029426", undefined, undefined, "test"],
  ]);
  assert.deepEqual(notes, [
    "1 films have no ViewPosition: listed, their view unknown",
    "1 images have no row in mimic-cxr-2.0.0-metadata.csv: their view is unknown",
    "1 rows of mimic-cxr-2.0.0-metadata.csv have no image here",
    "1 rows of mimic-cxr-2.0.0-split.csv have no image here",
  ]);
});

test("unpacked tables; files/, a p-folder or a patient alone; a folder above the release", async () => {
  const source = sampleSource(
    { "mimic/2.0.0/mimic-cxr-2.0.0-metadata.csv": METADATA, "mimic/2.0.0/mimic-cxr-2.0.0-split.csv": SPLIT },
    ...FILMS.map((path) => `mimic/2.0.0/files/${path}`),
  );
  const splits = field(await listed(mimicCxrJpg, source), "split");
  assert.deepEqual(splits, {
    [NAMES[0]!]: "train",
    [NAMES[1]!]: "train",
    [NAMES[2]!]: "validation",
    [NAMES[3]!]: "test",
    [NAMES[4]!]: "test",
  });
  assert.deepEqual(field(await listed(mimicCxrJpg, `${source}/mimic/2.0.0/files`), "split"), splits);
  for (const inner of ["p11", "p11/p11000011", "p11/p11000011/s51029426"]) {
    const folder = `${source}/mimic/2.0.0/files/${inner}`;
    assert.ok(recognizes(mimicCxrJpg, folder));
    assert.deepEqual(field(await listed(mimicCxrJpg, folder), "split"), { [NAMES[3]!]: "test", [NAMES[4]!]: "test" });
  }
});

test("some p-folders only: what is there is listed, rows without a film are counted", async () => {
  const { items, notes } = await listed(mimicCxrJpg, sampleSource(PACKED, `files/${FILMS[4]}`));
  assert.deepEqual(Object.keys(items), [NAMES[4]]);
  assert.equal(notes[1], "5 rows of mimic-cxr-2.0.0-metadata.csv have no image here");
});

test("no tables at all: listed, with unknown views and splits", async () => {
  const { items, notes } = await listed(mimicCxrJpg, sampleSource(...FILMS));
  assert.equal(Object.keys(items).length, 5);
  assert.deepEqual(notes, [
    "no mimic-cxr-2.0.0-metadata.csv[.gz] beside the images: their view is unknown",
    "no mimic-cxr-2.0.0-split.csv[.gz] beside the images: their split is unknown",
  ]);
});

test("of two releases the last is listed", async () => {
  const source = sampleSource(
    ...["2.0.0", "2.1.0"].flatMap((release) => FILMS.map((path) => `${release}/files/${path}`)),
  );
  const { items, notes } = await listed(mimicCxrJpg, source);
  assert.ok(Object.values(items).every(({ files }) => files[0]!.startsWith("2.1.0/")));
  assert.equal(notes[0], "5 films are left out: another release of the set than 2.1.0");
});
