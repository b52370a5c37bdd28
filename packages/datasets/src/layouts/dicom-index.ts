/**
 * The headers of an archive's DICOM files, in a temporary file: so many that memory would not hold them, to be asked for
 * one series after another.
 *
 * Order     by study and series; in a series as the files were met.
 * Copies    of a file that is there already (same UID, number, place, coding and size) are counted and left out. What
 *           merely shares a UID, as coded anew or by a careless anonymiser, is no copy.
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { InstanceHeader } from "@medssl/imaging";
import { kindOf } from "./dicom-object.ts";

export class DicomIndex {
  /** An empty name is a temporary file of SQLite's own: no trace after the process. */
  readonly #database = new DatabaseSync("");
  readonly #insert: StatementSync;
  readonly #takesAutomaticMasks: boolean;
  numCopies = 0;

  /** @param takesAutomaticMasks Whether automatic masks are masks as others are. */
  constructor(takesAutomaticMasks: boolean) {
    this.#takesAutomaticMasks = takesAutomaticMasks;
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      CREATE TABLE instances (study TEXT, series TEXT, kind TEXT, modality TEXT, signature TEXT UNIQUE, header TEXT);
      BEGIN`);
    this.#insert = this.#database.prepare("INSERT OR IGNORE INTO instances VALUES (?, ?, ?, ?, ?, ?)");
  }

  /** @param coding Transfer syntax. */
  add(header: InstanceHeader, coding: string, sizeBytes: number): void {
    const { file, studyUid, instanceUid, instanceNumber, frames, references, modality } = header;
    const told = kindOf(header);
    const kind = told === "automatic mask" && this.#takesAutomaticMasks ? "mask" : told;
    const seriesUid = kind === "mask" ? references[0]?.seriesUid : header.seriesUid;
    const copy = [instanceUid, instanceNumber, frames[0]?.positionMm, coding, sizeBytes];
    const signature = instanceUid === undefined ? file : copy;
    const text = JSON.stringify(header);
    const row = [studyUid ?? "", seriesUid ?? "", kind, modality ?? "of no modality", String(signature), text] as const;
    if (this.#insert.run(...row).changes === 0) this.numCopies += 1;
  }

  /** The images of each series. To be asked for once, when all is in. */
  *series(): Generator<InstanceHeader[]> {
    this.#database.exec("COMMIT; CREATE INDEX by_series ON instances (study, series, kind)");
    let series: InstanceHeader[] = [];
    const rows = this.#database
      .prepare("SELECT header FROM instances WHERE kind = 'image' ORDER BY study, series, rowid")
      .iterate();
    for (const row of rows) {
      const header = headerOf(row);
      const [first] = series;
      if (first !== undefined && (first.studyUid !== header.studyUid || first.seriesUid !== header.seriesUid)) {
        yield series;
        series = [];
      }
      series.push(header);
    }
    if (series.length > 0) yield series;
  }

  /** The segmentations that were drawn on a series. */
  masksOf({ studyUid = "", seriesUid = "" }: InstanceHeader): InstanceHeader[] {
    const rows = this.#database
      .prepare("SELECT header FROM instances WHERE study = ? AND series = ? AND kind = 'mask' ORDER BY rowid")
      .all(studyUid, seriesUid);
    return rows.map(headerOf);
  }

  /** How many objects of a kind there are, by modality. */
  count(kind: "mask" | "automatic mask" | "other"): { modality: string; count: number }[] {
    const rows = this.#database
      .prepare("SELECT modality, count(*) AS count FROM instances WHERE kind = ? GROUP BY modality ORDER BY modality")
      .all(kind);
    return rows.map((row) => ({ modality: String(row["modality"]), count: Number(row["count"]) }));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function headerOf(row: Readonly<Record<string, unknown>>): InstanceHeader {
  return JSON.parse(String(row["header"]));
}
