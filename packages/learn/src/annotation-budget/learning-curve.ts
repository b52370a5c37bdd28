/**
 * An arm's learning curve, as a study measured it, and as it might have been: bootstrap over test patients and draws.
 *
 * Points     one a cell: the number of annotated patients, and 1 - Dice on the test cases.
 * Deviation  of one draw: from the draws with the same count, pulled towards that of all counts, since two or three draws tell a
 *            deviation badly; a count with one draw takes the nearest count's. At least `LEAST`: training again moves Dice, too.
 * Bootstrap  each time the test patients are drawn anew, the same for all cells and arms, and each count is moved by chance as
 *            far as the mean of its draws may be off. Not the draws themselves: of one draw there is nothing to choose from.
 *            How easy the drawn test patients are on average over all cells is taken off again: it would move every curve up or
 *            down together, and the wished Dice is one on test patients as hard as these.
 */
import type { Study, StudyCell } from "@medssl/contract";
import { Random } from "@medssl/datasets";
import type { CurvePoint } from "./power-law.ts";

export interface LearningCurve {
  readonly arm: string;
  readonly points: readonly CurvePoint[];
  /** By count, the smallest first. */
  readonly levels: readonly Level[];
  /** The points of each replicate of the bootstrap. */
  readonly replicates: readonly (readonly CurvePoint[])[];
}

/** One number of annotated patients. */
export interface Level {
  readonly count: number;
  /** Mean over the draws, 0-1. */
  readonly dice: number;
  readonly draws: number;
  /** Standard deviation of one draw. */
  readonly deviation: number;
}

const REPLICATES = 300;
/** Of Dice, between two trainings that differ by chance alone. */
const LEAST = 0.002;
/** Draws that the deviation of all counts is worth beside a count's own. */
const PRIOR_DRAWS = 2;

/** Curves of all arms that have finished cells. */
export function learningCurves(study: Study): LearningCurve[] {
  const patients = [...new Set(study.cells.flatMap(({ scores }) => scores.cases.map(({ patient }) => patient)))].sort();
  const numbers = new Map(patients.map((patient, i) => [patient, i]));
  const means = new Map(study.cells.map((cell) => [cell, caseMeans(cell.scores.cases, numbers)]));
  const resampled = Array.from({ length: REPLICATES }, (_, replicate) => {
    const random = new Random(replicate, 17);
    const times = new Float64Array(patients.length);
    for (let i = 0; i < patients.length; i++) times[random.integer(patients.length)]!++;
    const moves = new Map([...means].map(([cell, meanOf]) => [cell, meanOf(times)]));
    const ease = [...moves.values()].reduce((sum, move) => sum + move, 0) / moves.size;
    return (cell: StudyCell) => moves.get(cell)! - ease;
  });
  return study.arms.flatMap((arm, number) => {
    const cells = study.cells.filter((cell) => cell.arm === arm).sort((a, b) => a.labeledPatients - b.labeledPatients);
    if (cells.length === 0) return [];
    const levels = levelsOf(cells);
    const deviationOf = new Map(levels.map(({ count, deviation }) => [count, deviation]));
    const point = ({ labeledPatients: count }: StudyCell, dice: number): CurvePoint => ({
      count,
      error: 1 - dice,
      deviation: deviationOf.get(count)!,
    });
    const replicates = resampled.map((moveOf, replicate) => {
      const random = new Random(replicate, number, 18);
      const shifts = new Map(
        levels.map(({ count, deviation, draws }) => [count, (random.normal() * deviation) / Math.sqrt(draws)]),
      );
      return cells.map((cell) => {
        const moved = cell.scores.dice + moveOf(cell) + shifts.get(cell.labeledPatients)!;
        return point(cell, Math.min(1, moved));
      });
    });
    return [{ arm, points: cells.map((cell) => point(cell, cell.scores.dice)), levels, replicates }];
  });
}

/** How far the mean over the cases moves when patients count as often as they were drawn. */
function caseMeans(
  cases: StudyCell["scores"]["cases"],
  numbers: ReadonlyMap<string, number>,
): (times: Float64Array) => number {
  const usual = cases.reduce((sum, { dice }) => sum + dice, 0) / Math.max(1, cases.length);
  const [patients, dices] = [cases.map(({ patient }) => numbers.get(patient)!), cases.map(({ dice }) => dice)];
  return (times) => {
    let [sum, weight] = [0, 0];
    for (const [i, patient] of patients.entries()) {
      sum += times[patient]! * dices[i]!;
      weight += times[patient]!;
    }
    return weight === 0 ? 0 : sum / weight - usual;
  };
}

function levelsOf(cells: readonly StudyCell[]): Level[] {
  const groups = [...Map.groupBy(cells, ({ labeledPatients }) => labeledPatients)].map(([count, some]) => {
    const dices = some.map(({ scores }) => scores.dice);
    const dice = dices.reduce((sum, value) => sum + value, 0) / dices.length;
    return { count, dice, draws: dices.length, squares: dices.reduce((sum, value) => sum + (value - dice) ** 2, 0) };
  });
  const freedom = groups.reduce((sum, { draws }) => sum + draws - 1, 0);
  const pooled = freedom === 0 ? 0 : groups.reduce((sum, { squares }) => sum + squares, 0) / freedom;
  const repeated = groups
    .filter(({ draws }) => draws > 1)
    .map(({ count, draws, squares }) => ({
      count,
      variance: (squares + PRIOR_DRAWS * pooled) / (draws - 1 + PRIOR_DRAWS),
    }));
  return groups.map(({ count, dice, draws }) => {
    const distance = (other: number) => Math.abs(Math.log(other / count));
    const [nearest] = repeated.toSorted((a, b) => distance(a.count) - distance(b.count));
    return { count, dice, draws, deviation: Math.max(LEAST, Math.sqrt(nearest?.variance ?? 0)) };
  });
}
