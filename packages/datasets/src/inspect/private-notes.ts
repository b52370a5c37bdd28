import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ledgerPath } from "../private/ledger.ts";
import type { Store } from "../store/store.ts";

/** Rows of a store's `private/files.sqlite`; none where the store came without it. What they name never leaves here. */
export function readPrivateNotes<Row>(store: Store, sql: string): Row[] {
  const path = ledgerPath(store.dir);
  if (!existsSync(path)) return [];
  const ledger = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    return ledger.prepare(sql).all() as Row[];
  } finally {
    ledger.close();
  }
}
