/**
 * Splits the patients of one or several stores: as the data set's authors did where they did, else by chance.
 *
 * Patients   those with masks; all of them where no store has masks. One who is in several sources has one side.
 * Official   a source's own split is kept when it leaves patients to train with and to test on. Where only its
 *            validation patients have masks, as in AMOS22, they are the test. Patients without an official side are
 *            trained with.
 * Seeded     the share that was asked for, within each source and stratum, and for each label (assign-sides.ts).
 * Order      of patients: by the least hash of their images' files. So the same images give the same split, whatever the
 *            salt that their names are hashed with, and however they came into the store.
 * Unknown    patients of whom nobody says who they are count as many patients as images; refused when the images look
 *            related (independence.ts).
 * Salts      stores of a user's own patients whose salts differ are refused: one person may have two names (salts.ts).
 * Cost       the catalogs are read row by row; what is kept grows with the patients, not with the images.
 * Errors     `ERR_SPLIT_FEW`, `ERR_SPLIT_FRACTION`, `ERR_SPLIT_OFFICIAL`, `ERR_SPLIT_UNKNOWN_PATIENTS`,
 *            `ERR_SPLIT_PERCENT`, `ERR_SALTS_DIFFER`.
 */

import { MedsslError, type RunListener } from "@medssl/contract";
import { Random } from "../random.ts";
import type { Store } from "../store/store.ts";
import { apportion, assignSides, pickEvenly, type Sides, type SplitPatient, spreadRareLabels } from "./assign-sides.ts";
import { checkIndependence } from "./independence.ts";
import { checkSalts, storesOfDifferentSalts } from "./salts.ts";
import { drawPatients, type Side, type Split, type SplitDraw, type SplitSource } from "./split.ts";

export interface SplitOptions {
  readonly seed: number;
  /** Share of the patients held out for testing, between 0 and 1. */
  readonly testFraction: number;
  /** Share held out for choosing settings. @default 0 */
  readonly validationFraction?: number;
  /** Percent of the training patients that are drawn. @default [1, 5, 10, 100] */
  readonly fractions?: readonly number[];
  /** Draws of each percentage but 100, which has one. @default 3 */
  readonly draws?: number;
  /** `official`: every source must have its own split; `seeded`: none of them counts. @default official where there is one */
  readonly way?: SplitSource["way"] | undefined;
  /**
   * Takes images of unknown patients for images of as many patients, however alike they look, and patients of stores with
   * different salts for different people. @default false
   */
  readonly assumeIndependent?: boolean;
  /** Patients are those with masks, even where nobody has one, which then is refused. @default false */
  readonly needsMasks?: boolean;
  /** Hears how the search for related images goes on, which reads pixels. */
  readonly listen?: RunListener;
}

export function splitStores(stores: readonly Store[], options: SplitOptions): Split {
  const { seed, testFraction, validationFraction = 0, fractions = [1, 5, 10, 100], draws = 3 } = options;
  checkFractions(testFraction, validationFraction);
  if (!options.assumeIndependent) checkSalts(stores);
  const areSaltsDifferent = storesOfDifferentSalts(stores).length > 0;
  const hasMasks = options.needsMasks || stores.some(({ info }) => info.sources.some(({ masks }) => masks > 0));
  const patients = loadPatients(stores, hasMasks);
  if (patients.length < 2) {
    const images = stores.reduce((sum, { info }) => sum + info.cases, 0);
    throw new MedsslError(
      "ERR_SPLIT_FEW",
      `a split needs 2 patients${hasMasks ? " with masks" : ""}, found ${patients.length} among ${images} images`,
      { hint: "Check `medssl ingest`'s table: were the masks found, and were patients told apart as you expect?" },
    );
  }
  const areSomeUnknown = patients.some(({ isKnown }) => !isKnown);
  if (areSomeUnknown && !options.assumeIndependent) checkIndependence(stores, hasMasks, options.listen);
  const { sideOf, sources } = assignAll(patients, options);
  const on = (side: Side) => patients.flatMap(({ id }) => (sideOf.get(id) === side ? [id] : []));
  const split = { seed, train: on("train"), validation: on("validation"), test: on("test") };
  return {
    version: 2,
    testFraction,
    validationFraction,
    stores: stores.map(({ name, info }) => ({ name, salt: info.salt, cases: info.cases })),
    sources,
    labels: countLabels(patients, sideOf),
    isIndependenceAssumed: (areSomeUnknown || areSaltsDifferent) && options.assumeIndependent === true,
    ...split,
    draws: drawAll(split, fractions, draws),
  };
}

function checkFractions(test: number, validation: number): void {
  if (test > 0 && validation >= 0 && test + validation < 1) return;
  throw new MedsslError(
    "ERR_SPLIT_FRACTION",
    `expected shares for testing and validation that leave patients to train with, got ${test} and ${validation}`,
    { hint: "0.2 holds out every fifth patient." },
  );
}

/** What the catalogs say of a patient. */
interface Patient extends SplitPatient {
  /** The least content of the images, which is a hash. */
  content: string;
  /** The source whose split counts; the first by name where none has one. */
  source: string;
  stratum: string;
  readonly labels: Set<string>;
  official: Side | undefined;
  isKnown: boolean;
  hasConflict: boolean;
}

const RANK: Readonly<Record<string, number>> = { train: 1, validation: 2, test: 3 };

function loadPatients(stores: readonly Store[], onlyMasked: boolean): Patient[] {
  const patients = new Map<string, Patient>();
  for (const store of stores) {
    const sources = new Map(
      store
        .query<{ number: number; name: string }>("SELECT number, name FROM sources")
        .map((row) => [row.number, row.name]),
    );
    const labelNames = new Map(store.info.labels.map(({ value, name }) => [String(value), name]));
    const sql = `SELECT patient, content, source, split, stratum, is_patient_known, label_counts FROM cases NOT INDEXED
      ${onlyMasked ? "WHERE has_mask = 1" : ""}`;
    store.eachRow(sql, ([id, content, sourceNumber, split, stratum, isKnown, labelCounts]) => {
      let patient = patients.get(id as string);
      const source = sources.get(sourceNumber as number)!;
      if (patient === undefined) {
        patient = {
          id: id as string,
          content: content as string,
          source,
          stratum: "",
          labels: new Set(),
          official: undefined,
          isKnown: false,
          hasConflict: false,
        };
        patients.set(patient.id, patient);
      }
      if ((content as string) < patient.content) patient.content = content as string;
      if (isKnown === 1) patient.isKnown = true;
      if (typeof stratum === "string" && (patient.stratum === "" || stratum < patient.stratum))
        patient.stratum = stratum;
      noteOfficial(patient, split as Side | null, source);
      if (typeof labelCounts === "string") {
        // {"1":1234,"2":567}; nothing is parsed anew for a patient who has all of the store's labels.
        if (patient.labels.size === labelNames.size) return;
        for (const part of labelCounts.split('"')) {
          const name = labelNames.get(part);
          if (name !== undefined) patient.labels.add(name);
        }
      }
    });
  }
  return [...patients.values()].sort((a, b) => (a.content < b.content ? -1 : 1));
}

/** The side that is furthest from training counts: an image that somebody tests on must not be learned from. */
function noteOfficial(patient: Patient, split: Side | null, source: string): void {
  const { official } = patient;
  if (split === null) {
    if (official === undefined && source < patient.source) patient.source = source;
    return;
  }
  if (official !== undefined && official !== split) patient.hasConflict = true;
  if (official === undefined || RANK[split]! > RANK[official]!) {
    patient.official = split;
    patient.source = source;
  } else if (official === split && source < patient.source) patient.source = source;
}

function assignAll(patients: readonly Patient[], options: SplitOptions): { sideOf: Sides; sources: SplitSource[] } {
  const { seed, testFraction, validationFraction = 0, way } = options;
  const bySource = Map.groupBy(patients, ({ source }) => source);
  const names = [...bySource.keys()].sort();
  const sideOf: Sides = new Map();
  const notes = new Map<string, string>();
  const seeded: string[] = [];
  for (const [i, name] of names.entries()) {
    const own = bySource.get(name)!;
    const official = way === "seeded" ? { reason: "" } : officialSides(own);
    if ("reason" in official) {
      if (way === "official") throw noOfficialSplit(name, official.reason);
      seeded.push(name);
      if (official.reason !== "" && own.some((patient) => patient.official)) notes.set(name, official.reason);
      continue;
    }
    for (const [id, side] of official.sideOf) sideOf.set(id, side);
    if (official.note !== undefined) notes.set(name, official.note);
    if (validationFraction > 0 && ![...official.sideOf.values()].includes("validation")) {
      const training = own.filter(({ id }) => sideOf.get(id) === "train");
      const count = Math.min(Math.round(own.length * validationFraction), training.length - 1);
      for (const { id } of pickEvenly(training, count, new Random(seed, i, 2))) sideOf.set(id, "validation");
      notes.set(name, [official.note, "validation drawn from its training patients"].filter(Boolean).join("; "));
    }
  }
  const sizes = seeded.map((name) => bySource.get(name)!.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  // Official sides elsewhere may leave a small source without a patient to test on; alone, it must have one.
  const least = sideOf.size === 0 ? 1 : 0;
  const numTest = Math.min(Math.max(Math.round(total * testFraction), least), Math.max(total - 1, 0));
  const numValidation = Math.min(Math.round(total * validationFraction), Math.max(total - numTest - 1, 0));
  const [tests, validations] = total === 0 ? [[], []] : [apportion(sizes, numTest), apportion(sizes, numValidation)];
  for (const [k, name] of seeded.entries()) {
    const random = new Random(seed, names.indexOf(name));
    const numLeft = sizes[k]! - tests[k]!;
    for (const [id, side] of assignSides(bySource.get(name)!, tests[k]!, Math.min(validations[k]!, numLeft), random)) {
      sideOf.set(id, side);
    }
  }
  spreadRareLabels(
    seeded.map((name) => bySource.get(name)!),
    sideOf,
  );
  const sources = names.map((name) => {
    const note = notes.get(name);
    const counts = countSides(bySource.get(name)!.map(({ id }) => sideOf.get(id)!));
    return { name, way: seeded.includes(name) ? "seeded" : "official", ...counts, ...(note ? { note } : {}) } as const;
  });
  return { sideOf, sources };
}

/** The sides that a source's authors chose, or why they cannot be used. */
function officialSides(patients: readonly Patient[]): { sideOf: Sides; note?: string } | { reason: string } {
  const counts = countSides(patients.flatMap(({ official }) => official ?? []));
  const numOfficial = counts.train + counts.validation + counts.test;
  if (numOfficial === 0) return { reason: "it has no official split" };
  if (counts.train === 0) return { reason: "its official split leaves nobody to train with" };
  if (counts.test + counts.validation === 0)
    return { reason: "nobody of its official test patients is here with a mask" };
  const notes: string[] = [];
  const isValidationTest = counts.test === 0;
  if (isValidationTest) notes.push("its validation patients are the test, of whom masks are here");
  const numRest = patients.length - numOfficial;
  if (numRest > 0) notes.push(`${numRest} patients without an official side are trained with`);
  const numConflicts = patients.filter(({ hasConflict }) => hasConflict).length;
  if (numConflicts > 0)
    notes.push(`${numConflicts} patients have several official sides; the one furthest from training counts`);
  const sideOf: Sides = new Map(
    patients.map(({ id, official = "train" }) => [
      id,
      isValidationTest && official === "validation" ? "test" : official,
    ]),
  );
  return notes.length > 0 ? { sideOf, note: notes.join("; ") } : { sideOf };
}

function noOfficialSplit(source: string, reason: string): MedsslError {
  return new MedsslError("ERR_SPLIT_OFFICIAL", `--source official: source "${source}": ${reason}`, {
    hint: "Leave --source out: sources without an official split are then split by chance.",
  });
}

function countSides(list: readonly Side[]): Record<Side, number> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const side of list) counts[side] += 1;
  return counts;
}

function countLabels(patients: readonly Patient[], sideOf: Sides): Split["labels"] {
  const counts = new Map<string, Record<Side, number>>();
  for (const { id, labels } of patients) {
    for (const label of labels) {
      if (!counts.has(label)) counts.set(label, countSides([]));
      counts.get(label)![sideOf.get(id)!] += 1;
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => ({ name, ...count }));
}

function drawAll(split: Pick<Split, "seed" | "train">, fractions: readonly number[], draws: number): SplitDraw[] {
  return fractions
    .toSorted((a, b) => a - b)
    .flatMap((percent) =>
      // With all patients there is nothing to draw.
      Array.from({ length: percent === 100 ? 1 : draws }, (_, draw) => ({
        percent,
        draw,
        patients: drawPatients(split, percent, draw),
      })),
    );
}
