/**
 * The images of a plain folder or of a manifest, kept in a temporary file until all names are known: what an image is
 * called in the store, and whose it is, depends on the other names.
 *
 * Keys      short where they can be: without an `images/` and the extension, unless two files then were one.
 * Patients  told by the first of these that says anything; a wrong guess puts one person on both sides of a split:
 *             1. the manifest's column `patient`;
 *             2. the first group of `--patient-pattern`, searched in the path without extension;
 *             3. `patient001` at the beginning of a file's or folder's name;
 *             4. left and right of one name, `Image_01L` and `Image_01R`, where there is such a pair.
 *           Else, and where that one does not fit, an image's patient is unknown.
 * Errors    `ERR_PATIENT_PATTERN`.
 */

import { DatabaseSync } from "node:sqlite";
import { MedsslError } from "@medssl/contract";
import { stemOf } from "./image-file.ts";
import type { SourceNote } from "./layout.ts";

const IMAGE_FOLDER = /^(?:images?|imgs?|imagesTr|CXR_png)$/i;
const NUMBERED_PATIENT = /(?:^|\/)(patient[-_ ]?\d+)/i;
/** Left and right of one name: what both begin with, and the side. */
export const SIDE_OF_NAME = /^(.*\d[-_ ]?)(l|r|left|right)$/i;

export interface TableImage {
  readonly key: string;
  /** Path below the source, with its extension. */
  readonly file: string;
  readonly mask: string | undefined;
  readonly patient: string | undefined;
}

interface PatientRule {
  /** The column that has the patients. */
  readonly column: "patient" | "fitted" | "numbered" | "side" | "NULL";
  /** How they are told, as a sentence that the store keeps: without a name of a file or folder, or the user's pattern. */
  readonly sentence: string;
  /** Where it is a guess: names to check it by, for the user alone. */
  readonly example?: string;
}

export class ImageTable {
  // An empty name is a temporary file of SQLite's own. It is never committed: nobody else reads it.
  readonly #database = new DatabaseSync("");
  readonly #pattern: RegExp | undefined;
  readonly #insert;

  constructor(pattern: RegExp | undefined) {
    this.#pattern = pattern;
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      CREATE TABLE images (file TEXT UNIQUE, key TEXT, mask TEXT, patient TEXT, fitted TEXT, numbered TEXT, side TEXT);
      CREATE INDEX images_by_key ON images (key);
      BEGIN`);
    this.#insert = this.#database.prepare("INSERT OR IGNORE INTO images VALUES (?, ?, ?, ?, ?, ?, ?)");
  }

  /**
   * @param patient What a manifest says.
   * @returns False where the file is in the table already.
   */
  add(file: string, mask?: string, patient?: string): boolean {
    const path = stemOf(file);
    const folders = path.split("/");
    const key = folders.filter((part, i) => i === folders.length - 1 || !IMAGE_FOLDER.test(part)).join("/");
    const told = [this.#pattern?.exec(path)?.[1], NUMBERED_PATIENT.exec(path)?.[1], SIDE_OF_NAME.exec(key)?.[1]];
    return this.#insert.run(file, key, ...[mask, patient, ...told].map((text) => text ?? null)).changes > 0;
  }

  /** How patients are told, and then all images in the order in which they came. */
  *entries(): Generator<SourceNote | TableImage> {
    const { column, sentence, example } = this.#patientRule();
    yield { note: sentence, topic: "patients" };
    if (example !== undefined) yield { note: `patients are guessed from names: ${example}` };
    const rows = this.#database.prepare(`
      SELECT file, mask, ${column} AS patient,
        iif((SELECT count(*) FROM images AS same WHERE same.key = images.key) = 1, key, file) AS key
      FROM images ORDER BY rowid`);
    for (const { file, key, mask, patient } of rows.iterate()) {
      yield {
        file: String(file),
        key: String(key),
        mask: mask === null ? undefined : String(mask),
        patient: patient === null ? undefined : String(patient).replace(/[-_ ]$/, ""),
      };
    }
  }

  /** @throws {MedsslError} `ERR_PATIENT_PATTERN` when the pattern fits no path or has no group. */
  #patientRule(): PatientRule {
    const row = (sql: string) => this.#database.prepare(sql).get() as Record<string, string | number> | undefined;
    const counts = row("SELECT count(*) AS number, count(patient) AS named, count(fitted) AS fitted FROM images")!;
    if (Number(counts["named"]) > 0) return { column: "patient", sentence: "patients are told by cases.csv" };
    if (this.#pattern !== undefined && Number(counts["number"]) > 0) {
      const numMissing = Number(counts["number"]) - Number(counts["fitted"]);
      if (Number(counts["fitted"]) === 0) throw unfit(this.#pattern, String(row("SELECT file FROM images")!["file"]));
      const rest = numMissing > 0 ? `; it does not fit ${numMissing} images, whose patients are unknown` : "";
      return { column: "fitted", sentence: `patients are told by --patient-pattern${rest}` };
    }
    const numbered = row("SELECT numbered FROM images WHERE numbered IS NOT NULL ORDER BY rowid LIMIT 1");
    if (numbered) {
      const example = String(numbered["numbered"]);
      return { column: "numbered", sentence: "patients are told by the names", example };
    }
    const sides = row(
      "SELECT min(key) AS one, max(key) AS other FROM images WHERE side IS NOT NULL GROUP BY side HAVING one < other LIMIT 1",
    );
    if (sides) {
      const example = `${sides["one"]} and ${sides["other"]}`;
      return { column: "side", sentence: "patients are told by left and right of one name", example };
    }
    return { column: "NULL", sentence: "nothing says which images belong to one patient: patients are unknown" };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function unfit({ source }: RegExp, example: string): MedsslError {
  return new MedsslError(
    "ERR_PATIENT_PATTERN",
    `--patient-pattern ${source}: no group of it was found in any path, such as "${stemOf(example)}"`,
    { hint: "Put the part that names the patient into parentheses, for example '^(p\\d+)_'." },
  );
}
