/**
 * A store of a million rows: opening it, a split of its patients, the shuffled order of an epoch.
 *
 * Method   each round in a process of its own, as a run begins: no function is compiled, no page of the catalog is kept
 *          by SQLite. The file is in the system's cache. Medians of the rounds.
 * Rows     `cases` is all rows as objects, which few need.
 */
import assert from "node:assert/strict";
import { millionRowStore } from "./catalog/million.ts";
import { Contender } from "./contender.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const ROUNDS = 5;

interface Turn {
  readonly times: Readonly<Record<"open" | "split" | "order" | "cases", number>>;
  readonly counts: { readonly rows: number; readonly patients: number; readonly ordered: number };
  readonly megabytes: number;
}

export async function run(): Promise<BenchmarkResult> {
  const store = await millionRowStore();
  const turns: Turn[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = Contender.ours("catalog/ours.ts");
    turns.push(await ours.ask<Turn>("start", { store }));
    await ours.end();
  }
  const { rows, patients, ordered } = turns[0]!.counts;
  assert.equal(rows, ordered);
  const ms = (name: keyof Turn["times"]) => Number(median(turns.map(({ times }) => times[name])).toFixed(1));
  return {
    name: "catalog",
    rows: [
      {
        rows,
        patients,
        "open ms": ms("open"),
        "split ms": ms("split"),
        "epoch's order ms": ms("order"),
        "cases ms": ms("cases"),
        "peak MB": Math.round(Math.max(...turns.map(({ megabytes }) => megabytes))),
      },
    ],
  };
}
