/**
 * Pictures that are there more than once, and patients who are in two data sets or who were taken apart.
 */

import { SIDE_OF_NAME } from "../layouts/image-table.ts";
import { storesOfDifferentSalts } from "../splits/salts.ts";
import { counted, type Finding } from "./inspection.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { likenessText, type NearDuplicates } from "./near-duplicates.ts";
import { readPrivateNotes } from "./private-notes.ts";

const EXAMPLES = 6;

export function checkDuplicates(catalog: JoinedCatalog, near: NearDuplicates | undefined): Finding[] {
  return [
    ...samePictures(catalog),
    ...sameFiles(catalog),
    ...nearPictures(catalog, near),
    ...sharedPatients(catalog),
    ...salts(catalog),
    ...leftAndRight(catalog),
    ...unknownPatients(catalog),
  ];
}

interface GroupRow {
  readonly one: string;
  readonly other: string;
  readonly patients: number;
  readonly sources: number;
}

function samePictures(catalog: JoinedCatalog): Finding[] {
  const groups = catalog.all<GroupRow>(
    `SELECT min(id) AS one, max(id) AS other, count(DISTINCT patient) AS patients, count(DISTINCT source) AS sources
     FROM images WHERE high > low GROUP BY pixel_hash HAVING count(DISTINCT store || item) > 1`,
  );
  const text = ({ one, other }: GroupRow) => (one === other ? one : `${one} = ${other}`);
  const ofTwo = groups.filter(({ patients }) => patients > 1);
  const ofOne = groups.filter(({ patients }) => patients === 1);
  const findings: Finding[] = [];
  if (ofTwo.length > 0) {
    const across = ofTwo.filter(({ sources }) => sources > 1).length;
    findings.push({
      severity: "warning",
      check: "same-images",
      title: `${counted(ofTwo.length, "picture is", "pictures are")} there under two patients, pixel for pixel${
        across > 0 ? `, ${across === ofTwo.length ? "all" : across} of them in two data sets` : ""
      }.`,
      advice: "Two names of one patient? A split would put one of the two on each side.",
      examples: ofTwo.slice(0, EXAMPLES).map(text),
    });
  }
  if (ofOne.length > 0) {
    findings.push({
      severity: "note",
      check: "same-images-of-one-patient",
      title: `${counted(ofOne.length, "picture is", "pictures are")} there more than once, each time of the same patient.`,
      examples: ofOne.slice(0, EXAMPLES).map(text),
    });
  }
  if (groups.length === 0) findings.push({ severity: "ok", check: "same-images", title: "No picture is there twice." });
  return findings;
}

/** Files with one content, which are stored once: their other names are in the table `duplicates`. */
function* sameFiles(catalog: JoinedCatalog): Generator<Finding> {
  const { files, ofOthers } = catalog.one<{ files: number; ofOthers: number | null }>(
    `SELECT count(*) AS files, sum(duplicates.patient <> (SELECT patient FROM images WHERE item = original LIMIT 1)) AS ofOthers
     FROM duplicates`,
  );
  if (files === 0) return;
  yield {
    severity: ofOthers ? "warning" : "note",
    check: "same-files",
    title: `${counted(files, "file is a copy", "files are copies")} of another one, stored once${
      ofOthers ? `; ${ofOthers} of them under another patient's name` : ""
    }.`,
    ...(ofOthers ? { advice: "The stored image counts for the patient who had it first." } : {}),
  };
}

function* nearPictures(catalog: JoinedCatalog, near: NearDuplicates | undefined): Generator<Finding> {
  const check = "near-images";
  if (near === undefined) {
    yield { severity: "note", check, title: "Near-duplicates were not looked for (--quick)." };
    return;
  }
  const idOf = (number: number) => catalog.one<{ id: string }>("SELECT id FROM images WHERE rowid = ?", number).id;
  const unchecked =
    near.uncheckedPairs > 0
      ? ` ${near.uncheckedPairs.toLocaleString("en-US")} less likely pairs were not compared.`
      : "";
  if (near.pairs.length === 0) {
    yield { severity: "ok", check, title: `No images of two patients are nearly the same picture.${unchecked}` };
    return;
  }
  yield {
    severity: "warning",
    check,
    title: `${counted(near.pairs.length, "pair", "pairs")} of images of two patients ${near.pairs.length === 1 ? "is" : "are"} nearly the same picture.${unchecked}`,
    advice: "Copies, or two names of one patient: look at them. A split would put some of them on both sides.",
    examples: near.pairs
      .slice(0, EXAMPLES)
      .map(({ one, other, ...pair }) => `${idOf(one)} ~ ${idOf(other)} (${likenessText(pair)})`),
  };
}

function sharedPatients(catalog: JoinedCatalog): Finding[] {
  const { sources } = catalog.one<{ sources: number }>("SELECT count(DISTINCT source) AS sources FROM images");
  if (sources < 2) return [];
  const groups = catalog.all<{ names: string; patients: number }>(
    `SELECT names, count(*) AS patients FROM (
       SELECT group_concat(name, ' and ') AS names FROM
         (SELECT DISTINCT patient, name, number FROM images JOIN sources ON source = number ORDER BY patient, name)
       GROUP BY patient HAVING count(*) > 1) GROUP BY names ORDER BY patients DESC`,
  );
  if (groups.length === 0) {
    return [{ severity: "ok", check: "shared-patients", title: "No patient is in two data sets." }];
  }
  const total = groups.reduce((sum, { patients }) => sum + patients, 0);
  return [
    {
      severity: "warning",
      check: "shared-patients",
      title: `${counted(total, "patient is", "patients are")} in two data sets.`,
      advice:
        "Never test on one what was trained on the other; a split that is made for both at once keeps them together.",
      examples: groups.slice(0, EXAMPLES).map(({ names, patients }) => `${names}: ${counted(patients, "patient")}`),
    },
  ];
}

/** One of the findings that a split would be wrong by: nobody sees a patient who is in two of these stores. */
function* salts({ stores, names }: JoinedCatalog): Generator<Finding> {
  const own = storesOfDifferentSalts(stores);
  if (own.length === 0) return;
  yield {
    severity: "error",
    check: "salts",
    title: `Patients of ${own.map((store) => names[stores.indexOf(store)]).join(" and ")} cannot be compared: the stores have different salts.`,
    advice:
      "A patient of two of them may be on both sides of a split. Ingest them with one --salt-file, or know that nobody is in two.",
  };
}

/** Names that differ in left and right only are two sides of one patient. */
function* leftAndRight(catalog: JoinedCatalog): Generator<Finding> {
  const check = "left-and-right";
  let numPairs = 0;
  const parted: string[] = [];
  for (const [number, store] of catalog.stores.entries()) {
    const files = new Map(
      readPrivateNotes<{ item: string; file: string }>(store, "SELECT item, file FROM items").map((row) => [
        row.item,
        row.file,
      ]),
    );
    const items = catalog.rows<{ item: string; patient: string }>(
      "SELECT item, min(patient) AS patient FROM images WHERE store = ? GROUP BY item",
      number,
    );
    const firsts = new Map<string, { item: string; side: string; patient: string }>();
    for (const { item, patient } of items) {
      const name = (files.get(item) ?? item).replace(/\.[a-z][a-z.]*$/i, "");
      const [, base, side] = SIDE_OF_NAME.exec(name) ?? [];
      if (base === undefined || side === undefined) continue;
      const first = firsts.get(base);
      if (first === undefined) firsts.set(base, { item, side, patient });
      else if (first.side !== side) {
        numPairs += 1;
        if (first.patient !== patient) parted.push(`${first.item} and ${item}`);
      }
    }
  }
  if (numPairs === 0) return;
  if (parted.length === 0) {
    yield {
      severity: "ok",
      check,
      title: `${counted(numPairs, "pair")} of left and right ${numPairs === 1 ? "is" : "are"} of one patient each.`,
    };
    return;
  }
  yield {
    severity: "error",
    check,
    title: `${parted.length} of ${counted(numPairs, "pair")} of left and right are taken for two patients.`,
    advice: "Two eyes of one patient must be on one side of a split: ingest with --patient-pattern or a cases.csv.",
    examples: parted.slice(0, EXAMPLES),
  };
}

function* unknownPatients(catalog: JoinedCatalog): Generator<Finding> {
  const check = "unknown-patients";
  const rows = catalog.all<{ name: string; items: number; masks: number }>(
    `SELECT name, count(DISTINCT item) AS items, sum(has_mask) AS masks FROM images JOIN sources ON source = number
     WHERE is_patient_known = 0 GROUP BY number ORDER BY name`,
  );
  if (rows.length === 0) {
    yield { severity: "ok", check, title: "Of every image it is known which images are of the same patient." };
    return;
  }
  const items = rows.reduce((sum, row) => sum + row.items, 0);
  yield {
    // Without masks nobody is tested on them.
    severity: rows.some(({ masks }) => masks > 0) ? "warning" : "note",
    check,
    title: `Of ${counted(items, "image")} nobody says whose they are; each counts as a patient of its own.`,
    advice:
      "Fine for pre-training. To test on them, say who is who: --patient-pattern, or a cases.csv with a column patient.",
    examples: rows.map((row) => `${row.name}: ${row.items}`),
  };
}
