/** Predictions measured against true masks: by learn's measures, which load no libtorch. */
import { existsSync } from "node:fs";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { PredictedMask, PredictOptions } from "@medssl/datasets";
import type { MaskProblem } from "@medssl/learn";

/** Names that a message repeats. */
const MOST_NAMES = 5;

/**
 * @param labels What the values of the truth mean; undefined for the model's own.
 * @throws {MedsslError} `ERR_INPUT_MISSING`, before anything is segmented.
 */
export function measureBy(
  truth: string,
  labels: string | undefined,
  listen: RunListener,
  signal: AbortSignal,
): NonNullable<PredictOptions["measure"]> {
  if (!existsSync(truth)) throw new MedsslError("ERR_INPUT_MISSING", `--truth ${truth}: no such file or folder`);
  return async (masks, classes) => {
    const [{ comparePredictions }, { counted, parseLabels }] = await Promise.all([
      import("@medssl/learn"),
      import("@medssl/datasets"),
    ]);
    const rule = labels === undefined ? undefined : parseLabels(labels);
    const listed = masks.map(({ file, path, spacingMm }) => ({ file, key: path, spacingMm }));
    const { cases, numPaired, problems } = await comparePredictions(listed, truth, classes, { rule, listen, signal });
    const nameOf = new Map(masks.map(({ file, name }) => [file, name]));
    return {
      scores: new Map(
        [...cases].map(([file, score]) => [
          nameOf.get(file)!,
          new Map(score.classes.map(({ label, dice, hd95Mm, nsd }) => [label, { dice, hd95Mm, nsd }])),
        ]),
      ),
      ...(cases.size === 0 && !signal.aborted
        ? { notes: [], failure: numPaired === 0 ? nothingPaired(truth, masks) : nothingMeasured(truth, problems) }
        : {
            notes:
              problems.length === 0 ? [] : [`${counted(problems.length, "image")} not measured, ${such(problems)}`],
          }),
    };
  };
}

function nothingPaired(truth: string, masks: readonly PredictedMask[]): string {
  const names = masks.slice(0, MOST_NAMES).map(({ path }) => path);
  const others = masks.length > names.length ? ` and ${masks.length - names.length} more` : "";
  return `No image has a truth of its name in ${truth}. Looked for (with any ending): ${names.join(", ")}${others}`;
}

/** What has no truth comes first, and is not why. */
const nothingMeasured = (truth: string, problems: readonly MaskProblem[]): string =>
  `No image could be measured against ${truth}, ${such(problems.slice(-1))}`;

const such = ([first]: readonly MaskProblem[]): string => `such as ${first!.file}: ${first!.reason}`;
