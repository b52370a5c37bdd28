/**
 * A store whose catalog has a million rows: 85 pictures of Table 1's archives, each repeated under other names.
 *
 * Patients  new ones for every four repetitions: 69,000 in all, with some fifteen rows each.
 * Pixels    the pictures' own, and none for the repetitions: only what reads the catalog can be measured with it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ingest, writeTable1 } from "@medssl/datasets";
import { benchDir } from "../peers.ts";

const ROWS = 1_000_000;

/** Folder of the store, made on the first use. */
export async function millionRowStore(): Promise<string> {
  const root = join(benchDir, "catalog");
  const store = join(root, "store");
  if (existsSync(join(root, "ready"))) return store;
  console.error(`Making a store of ${ROWS} rows in ${root}, once.`);
  rmSync(root, { recursive: true, force: true });
  const { archives } = await writeTable1({ dir: join(root, "archives"), scale: 0.0001, seed: 0 }, () => {});
  const folders = archives.map(({ folder }) => join(root, "archives", folder));
  await ingest(folders, { store, skipsMasks: true }, () => {});
  repeatRows(join(store, "catalog.sqlite"));
  updateInfo(store);
  writeFileSync(join(root, "ready"), "");
  return store;
}

function repeatRows(path: string): void {
  const catalog = new DatabaseSync(path);
  const columns = catalog
    .prepare("SELECT name FROM pragma_table_info('cases')")
    .all()
    .map(({ name }) => String(name));
  const count = Number(catalog.prepare("SELECT count(*) AS count FROM cases").get()!["count"]);
  // The numbers of a row and of its repetition make names that no other row has.
  const others: Readonly<Record<string, string>> = {
    number: `${count} + repetition * ${count} + row_number() OVER (PARTITION BY repetition ORDER BY number)`,
    id: "id || '-' || repetition",
    item: "item || '-' || repetition",
    content: "content || '-' || repetition",
    patient: "printf('%016x', (repetition / 4 + 1) * 2654435761 + source * 40503) || substr(patient, 17)",
  };
  catalog.exec(`
    BEGIN;
    WITH RECURSIVE repetitions(repetition) AS (
      SELECT 0 UNION ALL SELECT repetition + 1 FROM repetitions WHERE repetition < ${Math.ceil(ROWS / count) - 2}
    )
    INSERT INTO cases (${columns.join(", ")})
      SELECT ${columns.map((name) => others[name] ?? name).join(", ")} FROM repetitions CROSS JOIN cases
      LIMIT ${ROWS - count};
    COMMIT;
  `);
  catalog.close();
}

/** Brings the counts in `store.json` up to date. */
function updateInfo(store: string): void {
  const path = join(store, "store.json");
  const info = JSON.parse(readFileSync(path, "utf8"));
  const catalog = new DatabaseSync(join(store, "catalog.sqlite"), { readOnly: true });
  const sources = catalog
    .prepare(
      `SELECT sources.name AS name, count(*) AS cases, count(DISTINCT patient) AS patients
       FROM cases JOIN sources ON source = sources.number GROUP BY sources.name ORDER BY sources.name`,
    )
    .all();
  catalog.close();
  for (const source of info.sources)
    Object.assign(
      source,
      sources.find(({ name }) => name === source.name),
    );
  writeFileSync(path, JSON.stringify({ ...info, cases: ROWS }, null, 2));
}
