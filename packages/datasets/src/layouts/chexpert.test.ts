import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { chexpert } from "./chexpert.ts";
import { field, listed, recognizes, sampleSource } from "./sample-source.ts";

const HEADER = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Pleural Effusion,Support Devices";
const TRAIN = `${HEADER}
CheXpert-v1.0/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,1.0
CheXpert-v1.0/train/patient00002/study2/view1_frontal.jpg,Female,91,Frontal,PA,,-1.0,
CheXpert-v1.0/train/patient00002/study2/view2_lateral.jpg,Female,91,Lateral,,,0.0,
CheXpert-v1.0/train/patient00003/study1/view1_frontal.jpg,Male,41,Frontal,AP,,,
`;
const VALID = `${HEADER}
CheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0,0.0,0.0
`;
const FILMS = [
  "train/patient00001/study1/view1_frontal.jpg",
  "train/patient00002/study2/view1_frontal.jpg",
  "train/patient00002/study2/view2_lateral.jpg",
  "valid/patient64541/study1/view1_frontal.jpg",
  "test/patient64741/study1/view1_frontal.jpg",
];
const inside = (folder: string) => [
  ...FILMS.map((film) => `${folder}/${film}`),
  { [`${folder}/train.csv`]: TRAIN, [`${folder}/valid.csv`]: VALID },
];

const NOTES = [
  "1 images have no row in train.csv, valid.csv: AP or PA is unknown",
  "1 rows of train.csv, valid.csv have no image here",
];

test("patient, study, view and split from the path, projection from the tables whatever their Path begins with", async () => {
  const source = sampleSource(...inside("CheXpert-v1.0-small"));
  assert.ok(recognizes(chexpert, source));
  const { items, notes } = await listed(chexpert, source);
  const rows = Object.entries(items).map(([key, item]) => [
    key,
    item.patient,
    item.study,
    item.view,
    item.projection,
    item.split,
  ]);
  assert.deepEqual(rows, [
    ["test/patient64741/study1/view1_frontal", "patient64741", "patient64741/study1", "frontal", undefined, "test"],
    ["train/patient00001/study1/view1_frontal", "patient00001", "patient00001/study1", "frontal", "AP", "train"],
    ["train/patient00002/study2/view1_frontal", "patient00002", "patient00002/study2", "frontal", "PA", "train"],
    ["train/patient00002/study2/view2_lateral", "patient00002", "patient00002/study2", "lateral", undefined, "train"],
    ["valid/patient64541/study1/view1_frontal", "patient64541", "patient64541/study1", "frontal", "AP", "validation"],
  ]);
  assert.deepEqual(notes, NOTES);
});

test("the set's folder, or one inside, lists the same as the outer one", async () => {
  const source = sampleSource(...inside("data/CheXpert-v1.0-small"));
  const outer = await listed(chexpert, source);
  const set = await listed(chexpert, `${source}/data/CheXpert-v1.0-small`);
  assert.deepEqual(field(set, "projection"), field(outer, "projection"));
  assert.deepEqual(set.notes, NOTES);
  for (const folder of ["train", "train/patient00002"]) {
    const inner = `${source}/data/CheXpert-v1.0-small/${folder}`;
    assert.ok(recognizes(chexpert, inner));
    const key = "train/patient00002/study2/view1_frontal";
    const { files: _, ...item } = (await listed(chexpert, inner)).items[key]!;
    assert.deepEqual(item, {
      patient: "patient00002",
      study: "patient00002/study2",
      view: "frontal",
      projection: "PA",
      split: "train",
    });
  }
});

test("a table further up than the set is somebody else's", async () => {
  const source = sampleSource({ "train.csv": "file,label\na,1\n" }, `mine/${FILMS[0]}`);
  const { notes } = await listed(chexpert, `${source}/mine`);
  assert.deepEqual(notes, ["no train.csv or valid.csv beside the images: AP or PA is unknown"]);
});

test("of a folder with the full and the small set, the small one is listed", async () => {
  const source = sampleSource(...inside("CheXpert-v1.0"), ...inside("CheXpert-v1.0-small"));
  const { items, notes } = await listed(chexpert, source);
  assert.equal(Object.keys(items).length, FILMS.length);
  assert.ok(Object.values(items).every(({ files }) => files[0]!.startsWith("CheXpert-v1.0-small/")));
  assert.equal(notes[0], "5 films are left out: the same as in CheXpert-v1.0-small, in another version of the set");
  assert.deepEqual(notes.slice(1), NOTES);
});

test("the full set in the parts it is handed out in; packed tables", async () => {
  const source = sampleSource(
    { "CheXpert-v1.0 batch 1 (validate & csv)/train.csv.gz": gzipSync(TRAIN) },
    { "CheXpert-v1.0 batch 1 (validate & csv)/valid.csv": VALID },
    `CheXpert-v1.0 batch 1 (validate & csv)/${FILMS[3]}`,
    "CheXpert-v1.0 batch 2 (train 1)/patient00001/study1/view1_frontal.jpg",
    "CheXpert-v1.0 batch 3 (train 2)/patient00002/study2/view2_lateral.jpg",
  );
  assert.ok(recognizes(chexpert, source));
  const listing = await listed(chexpert, source);
  assert.deepEqual(field(listing, "split"), {
    "valid/patient64541/study1/view1_frontal": "validation",
    "train/patient00001/study1/view1_frontal": "train",
    "train/patient00002/study2/view2_lateral": "train",
  });
  assert.equal(listing.items["train/patient00001/study1/view1_frontal"]?.projection, "AP");
});

test("age and sex of the tables are in no item and no note", async () => {
  const listing = await listed(chexpert, sampleSource(...inside("CheXpert-v1.0-small")));
  assert.doesNotMatch(JSON.stringify(listing), /male|\b91\b|\b68\b/i);
});
