/**
 * What processes that train together must agree on before they begin. Each check is a collective: all of them make it.
 *
 * Errors  `ERR_RANKS`
 */
import { createHash } from "node:crypto";
import { MedsslError } from "@medssl/contract";
import { type ProcessGroup, tensor } from "@medssl/torch";

/** Smallest and largest of a number over the processes; whole numbers below 2^53 come exact. */
function extremes(value: number, group: ProcessGroup): [lowest: number, highest: number] {
  const values = tensor([-value, value], { dtype: "float64", device: group.device });
  const [negative, highest] = group.allReduce(values, "max").toTypedArray() as Float64Array;
  return [-negative!, highest!];
}

/** Whether any process says so. */
export const doesAny = (isSo: boolean, group: ProcessGroup | undefined): boolean =>
  group === undefined ? isSo : extremes(isSo ? 1 : 0, group)[1] === 1;

/** @throws {MedsslError} when processes were started with other settings or other data. */
export function requireSameRun(identity: object, group: ProcessGroup | undefined): void {
  if (group === undefined) return;
  const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  const [lowest, highest] = extremes(Number.parseInt(digest.slice(0, 12), 16), group);
  if (lowest === highest) return;
  throw new MedsslError("ERR_RANKS", "The processes were started with different settings or different data.", {
    hint: "Give all of them the same command, and the same stores.",
  });
}

/** @throws {MedsslError} when processes would go on from different steps. */
export function requireSameStart(step: number, group: ProcessGroup | undefined): void {
  if (group === undefined) return;
  const [lowest, highest] = extremes(step, group);
  if (lowest === highest) return;
  throw new MedsslError(
    "ERR_RANKS",
    `The processes would go on from different steps: this one from ${step}, others from ${lowest} to ${highest}.`,
    { hint: "The run's folder must be on a disk that all machines share." },
  );
}
