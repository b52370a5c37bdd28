/**
 * Whether anybody is tested on who was learned from: patients and pictures on two sides of a split.
 *
 * Split    the file that is given, else the data sets' own, as the catalog has it. A patient without a side is trained
 *          with by nobody, but may be pre-trained on.
 */

import type { Split } from "../splits/split.ts";
import { patientsOnTwoSides } from "../splits/split-file.ts";
import { counted, type Finding } from "./inspection.ts";
import type { JoinedCatalog } from "./joined-catalog.ts";
import { likenessText, type NearDuplicates } from "./near-duplicates.ts";

const EXAMPLES = 6;

/** @param split The file's; undefined: the data sets' own. */
export function checkSplit(
  catalog: JoinedCatalog,
  split: Split | undefined,
  near: NearDuplicates | undefined,
): Finding[] {
  const findings = split === undefined ? officialPatients(catalog) : filePatients(catalog, split);
  const { sided } = catalog.one<{ sided: number }>("SELECT count(side) AS sided FROM images");
  if (sided === 0) return findings;
  return [...findings, ...samePictures(catalog), ...(near === undefined ? [] : nearPictures(catalog, near))];
}

function officialPatients(catalog: JoinedCatalog): Finding[] {
  const { patients } = catalog.one<{ patients: number }>(
    `SELECT count(*) AS patients FROM
     (SELECT patient FROM images WHERE split IS NOT NULL GROUP BY patient HAVING count(DISTINCT split) > 1)`,
  );
  const { sided } = catalog.one<{ sided: number }>("SELECT count(split) AS sided FROM images");
  if (sided === 0) {
    return [
      {
        severity: "note",
        check: "split-patients",
        title: "No split was checked: there is no official one, and none was given.",
        advice: "Make one with medssl split, and have it checked with --split FILE.",
      },
    ];
  }
  return [
    patients === 0
      ? { severity: "ok", check: "split-patients", title: "No patient is on two sides of an official split." }
      : {
          severity: "error",
          check: "split-patients",
          title: `${counted(patients, "patient is", "patients are")} on two sides of the official splits.`,
          advice: "medssl split keeps each of them on the side that is furthest from training.",
        },
  ];
}

function filePatients(catalog: JoinedCatalog, split: Split): Finding[] {
  const findings: Finding[] = [];
  const onTwo = patientsOnTwoSides(split).size;
  findings.push(
    onTwo === 0
      ? { severity: "ok", check: "split-patients", title: "No patient is on two sides of the split." }
      : {
          severity: "error",
          check: "split-patients",
          title: `${counted(onTwo, "patient is", "patients are")} on two sides of the split.`,
          advice:
            "Results on such patients are of images that were learned from. Make the split anew with medssl split.",
        },
  );
  const named = new Set([...split.train, ...split.validation, ...split.test]);
  const { here } = catalog.one<{ here: number }>(
    "SELECT count(DISTINCT patient) AS here FROM images WHERE side IS NOT NULL",
  );
  if (here < named.size) {
    findings.push({
      severity: "warning",
      check: "split-foreign",
      title: `${counted(named.size - here, "patient")} of the split ${named.size - here === 1 ? "is" : "are"} not in the stores.`,
      advice: "Was it made for other stores, or for images that were ingested with another salt?",
    });
  }
  return findings;
}

interface PictureRow {
  readonly one: string;
  readonly other: string;
  readonly sides: string;
}

/** The same pixels under two patients. */
function samePictures(catalog: JoinedCatalog): Finding[] {
  const groups = (condition: string) =>
    catalog.all<PictureRow>(
      `SELECT min(id) AS one, max(id) AS other, group_concat(DISTINCT coalesce(side, 'no side')) AS sides FROM images
       WHERE high > low GROUP BY pixel_hash HAVING count(DISTINCT patient) > 1 AND ${condition}`,
    );
  const leaks = groups("count(DISTINCT side) > 1");
  const unsided = groups("count(DISTINCT side) = 1 AND count(side) < count(*) AND max(side) <> 'train'");
  return [
    leakFinding("split-images", leaks.length, "picture is", "pictures are", "exactly the same", leaks.map(leakText)),
    ...preTraining("pretraining-images", unsided.length, unsided.map(leakText)),
  ];
}

const leakText = ({ one, other, sides }: PictureRow): string => `${one} = ${other} (${sides.replaceAll(",", ", ")})`;

function nearPictures(catalog: JoinedCatalog, { pairs }: NearDuplicates): Finding[] {
  const texts = { leaks: [] as string[], unsided: [] as string[] };
  for (const { one, other, ...pair } of pairs) {
    const [a, b] = [imageOf(catalog, one), imageOf(catalog, other)];
    const text = `${a.id} ~ ${b.id} (${a.side ?? "no side"}, ${b.side ?? "no side"}; ${likenessText(pair)})`;
    if (a.side !== null && b.side !== null && a.side !== b.side) texts.leaks.push(text);
    const only = a.side ?? b.side;
    if ((a.side === null) !== (b.side === null) && only !== "train") texts.unsided.push(text);
  }
  return [
    leakFinding(
      "split-near-images",
      texts.leaks.length,
      "pair is",
      "pairs are",
      "nearly the same picture",
      texts.leaks,
    ),
    ...preTraining("pretraining-near-images", texts.unsided.length, texts.unsided),
  ];
}

const imageOf = (catalog: JoinedCatalog, number: number) =>
  catalog.one<{ id: string; side: string | null }>("SELECT id, side FROM images WHERE rowid = ?", number);

function leakFinding(
  check: string,
  count: number,
  noun: string,
  nouns: string,
  what: string,
  examples: readonly string[],
): Finding {
  if (count === 0) return { severity: "ok", check, title: `No images of two sides are ${what}.` };
  return {
    severity: "error",
    check,
    title: `${counted(count, noun, nouns)} on two sides of the split: ${what}, under two patients.`,
    advice: "One of them is learned from and the other tested on. Keep one, or give both one patient, and split anew.",
    examples: examples.slice(0, EXAMPLES),
  };
}

function* preTraining(check: string, count: number, examples: readonly string[]): Generator<Finding> {
  if (count === 0) return;
  yield {
    severity: "warning",
    check,
    title: `${counted(count, "held-out picture is", "held-out pictures are")} among images without a side as well.`,
    advice: "Pre-training on those learns from what is tested on. Leave them out of the store for pre-training.",
    examples: examples.slice(0, EXAMPLES),
  };
}
