/**
 * Tables of data sets, read as a stream: `.csv`, or the same as `.csv.gz`.
 *
 * Fields   in double quotes may hold commas, line ends and doubled quotes; blanks around names of columns are dropped.
 * Memory   one record at a time; `CsvIndex` keeps its records in a temporary file, so that a table of any length can be
 *          looked up.
 * Errors   `ERR_TABLE` when a column is missing or the file cannot be read.
 * Source   RFC 4180.
 */

import { createReadStream } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { createGunzip } from "node:zlib";
import { MedsslError } from "@medssl/contract";

/** Fields by the names of their columns. */
export type CsvRecord = Readonly<Record<string, string>>;

export async function* readCsv(path: string, requiredColumns: readonly string[] = []): AsyncGenerator<CsvRecord> {
  let columns: string[] | undefined;
  for await (const fields of readRecords(path)) {
    if (columns === undefined) {
      columns = fields.map((name) => name.trim());
      const missing = requiredColumns.find((name) => !columns!.includes(name));
      if (missing !== undefined) {
        throw new MedsslError("ERR_TABLE", `${path}: expected a column "${missing}", got ${columns.join(", ")}`, {
          hint: "Is it the table that was published with the data set? Download it again.",
        });
      }
      continue;
    }
    const record: Record<string, string> = {};
    for (const [i, name] of columns.entries()) record[name] = fields[i] ?? "";
    yield record;
  }
}

/** Records of a table by one of its columns; the last record of a key counts. */
export class CsvIndex {
  readonly #database = new DatabaseSync("");
  readonly #select;

  private constructor() {
    // An empty name is a temporary file of SQLite's own: no journal, no trace after the process.
    this.#database.exec(
      "PRAGMA journal_mode = OFF; CREATE TABLE records (key TEXT PRIMARY KEY, fields TEXT) WITHOUT ROWID",
    );
    this.#select = this.#database.prepare("SELECT fields FROM records WHERE key = ?");
  }

  /** @param keyOf What a record is looked up by. */
  static async read(path: string, keyOf: (record: CsvRecord) => string, requiredColumns: readonly string[] = []) {
    const index = new CsvIndex();
    index.#database.exec("BEGIN");
    const insert = index.#database.prepare("INSERT OR REPLACE INTO records VALUES (?, ?)");
    for await (const record of readCsv(path, requiredColumns)) insert.run(keyOf(record), JSON.stringify(record));
    index.#database.exec("COMMIT");
    return index;
  }

  get(key: string): CsvRecord | undefined {
    const row = this.#select.get(key);
    return row && JSON.parse(String(row["fields"]));
  }

  get count(): number {
    return Number(this.#database.prepare("SELECT count(*) AS count FROM records").get()!["count"]);
  }

  close(): void {
    this.#database.close();
  }
}

/** The fields of each record; empty lines are left out. */
async function* readRecords(path: string): AsyncGenerator<string[]> {
  const file = createReadStream(path);
  const bytes = path.endsWith(".gz") ? file.compose(createGunzip()) : file;
  let [field, record, isQuoted, wasQuote, isFirst] = ["", [] as string[], false, false, true];
  try {
    for await (const chunk of bytes.setEncoding("utf8")) {
      let text: string = chunk;
      if (isFirst) text = text.replace(/^\uFEFF/, "");
      isFirst = false;
      for (const letter of text) {
        if (isQuoted && letter !== '"') field += letter;
        else if (letter === '"') {
          if (!isQuoted && wasQuote) field += '"';
          isQuoted = !isQuoted;
          wasQuote = !isQuoted;
          continue;
        } else if (letter === "," || letter === "\n") {
          record.push(field);
          field = "";
          if (letter === "\n") {
            if (record.length > 1 || record[0] !== "") yield record;
            record = [];
          }
        } else if (letter !== "\r") field += letter;
        wasQuote = false;
      }
    }
  } catch (cause) {
    if (cause instanceof MedsslError) throw cause;
    throw new MedsslError("ERR_TABLE", `${path}: cannot be read (${cause instanceof Error ? cause.message : cause})`, {
      hint: "Copy or download the table again.",
      cause,
    });
  }
  if (field !== "" || record.length > 0) yield [...record, field];
}
