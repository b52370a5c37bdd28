/**
 * The failure gallery: the cases that the main arm does worst at the smallest fraction, in its first draw, by each measure,
 * and what every other arm makes of them.
 *
 * Once     pictures and numbers are kept in failures.json; they are made again when arms join.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { CaseScore, Study, StudyCell, StudyFailure, StudyFailures } from "@medssl/contract";
import { Store } from "@medssl/datasets";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { armsOf, mainArm } from "../report/arm.ts";
import { armFolder } from "./arms.ts";
import { writeCasePicture } from "./examples.ts";
import { readJson, writeJson } from "./json-file.ts";
import type { StudyOptions } from "./study-options.ts";

const SHOWN = 3;

interface KeptFailures {
  readonly of: string;
  readonly failures: readonly StudyFailures[];
}

/** What was found before. */
export function readFailures(dir: string): readonly StudyFailures[] {
  const path = failuresPath(dir);
  return existsSync(path) ? (readJson(path, "Delete it; it is made again.") as KeptFailures).failures : [];
}

/** Looks for them in a study whose cells are finished, and paints them. */
export async function writeFailures(options: StudyOptions, study: Study): Promise<void> {
  const fraction = Math.min(...study.cells.map((cell) => cell.fraction));
  const cells = study.cells.filter((cell) => cell.fraction === fraction && cell.draw === 0);
  const main = mainArm(armsOf(study)) ?? armsOf(study)[0]!;
  const cell = cells.find(({ arm }) => arm === main.id);
  if (cell === undefined) return;
  const of = JSON.stringify([fraction, cells.map(({ arm }) => arm)]);
  const path = failuresPath(options.dir);
  if (existsSync(path) && (readJson(path, "Delete it.") as KeptFailures).of === of) return;
  const chosen = worstCases(cell);
  const pictures = await paintCases(options, cells, new Set(chosen.flatMap(({ cases }) => cases)));
  const failures = chosen.map(
    ({ metric, cases }): StudyFailures => ({
      metric,
      fraction,
      draw: 0,
      cases: cases.map((id): StudyFailure => ({ case: id, arms: cells.flatMap((one) => ofArm(one, id, pictures)) })),
    }),
  );
  writeJson(path, { of, failures } satisfies KeptFailures);
}

function worstCases({ scores }: StudyCell): { metric: StudyFailures["metric"]; cases: string[] }[] {
  const first = (cases: readonly CaseScore[]) => cases.slice(0, SHOWN).map((one) => one.case);
  const byDice = scores.cases.filter(({ dice }) => Number.isFinite(dice)).sort((a, b) => a.dice - b.dice);
  const byDistance = scores.cases
    .flatMap((one) => {
      const distance = distanceOf(one);
      return distance === undefined ? [] : [{ one, distance }];
    })
    .sort((a, b) => b.distance - a.distance)
    .map(({ one }) => one);
  return [
    { metric: "dice", cases: first(byDice) },
    ...(byDistance.length > 0 ? [{ metric: "hd95" as const, cases: first(byDistance) }] : []),
  ];
}

/** HD95 in mm, the largest of the classes; undefined without one. A class that is missed has none, and a Dice of 0. */
function distanceOf({ classes }: CaseScore): number | undefined {
  const values = classes.flatMap((one) => {
    const { hd95Mm } = one as { readonly hd95Mm?: number | null };
    return typeof hd95Mm === "number" && Number.isFinite(hd95Mm) ? [hd95Mm] : [];
  });
  return values.length === 0 ? undefined : Math.max(...values);
}

/** Paths of pictures by arm and case. */
async function paintCases(
  options: StudyOptions,
  cells: readonly StudyCell[],
  cases: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  const stores = options.labeled.map((store) => onlyCases(store, cases));
  for (const { arm, run } of cells) {
    const dir = join(options.dir, "failures", armFolder(arm));
    mkdirSync(dir, { recursive: true });
    const listen = () => {};
    const evaluation = await evaluateRun({ ...options, stores, dir: join(options.dir, run), on: "held-out", listen });
    if (evaluation === undefined) continue;
    for (const [index, score] of evaluation.scores.cases.entries()) {
      const path = join(dir, `${score.case.replace(/[^\w.-]/g, "-")}.png`);
      await writeCasePicture(evaluation, index, path);
      pictures.set(JSON.stringify([arm, score.case]), relative(options.dir, path));
    }
  }
  return pictures;
}

function ofArm(cell: StudyCell, id: string, pictures: ReadonlyMap<string, string>): StudyFailure["arms"] {
  const score = cell.scores.cases.find((one) => one.case === id);
  const picture = pictures.get(JSON.stringify([cell.arm, id]));
  if (score === undefined || picture === undefined) return [];
  const hd95Mm = distanceOf(score);
  return [{ arm: cell.arm, dice: score.dice, picture, ...(hd95Mm === undefined ? {} : { hd95Mm }) }];
}

/** The store with the images of these cases alone: slices of a volume have its name and a number. */
function onlyCases(store: Store, ids: ReadonlySet<string>): Store {
  const cases = store.cases.filter(({ id }) => ids.has(id) || ids.has(id.replace(/#\d+$/, "")));
  return Object.defineProperty(new Store(store.dir, store.info), "cases", { value: cases });
}

const failuresPath = (dir: string): string => join(dir, "failures.json");
