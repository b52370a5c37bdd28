/** Predictions measured against true masks: by learn's measures, which load no libtorch. */
import { existsSync } from "node:fs";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { PredictOptions } from "@medssl/datasets";

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
    const { cases, problems } = await comparePredictions(listed, truth, classes, { rule, listen, signal });
    const nameOf = new Map(masks.map(({ file, name }) => [file, name]));
    return {
      scores: new Map(
        [...cases].map(([file, score]) => [
          nameOf.get(file)!,
          new Map(score.classes.map(({ label, dice, hd95Mm, nsd }) => [label, { dice, hd95Mm, nsd }])),
        ]),
      ),
      notes:
        problems.length === 0
          ? []
          : [`${counted(problems.length, "image")} not measured, such as ${problems[0]!.file}: ${problems[0]!.reason}`],
    };
  };
}
