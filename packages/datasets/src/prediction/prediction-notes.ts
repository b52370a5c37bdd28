/** What a user should know of a prediction as a whole, in sentences. */
import type { FoundInputs } from "./prediction-inputs.ts";
import { counted, type Prediction } from "./prediction-report.ts";

export interface PredictionFacts {
  readonly predictions: readonly Prediction[];
  readonly numKept: number;
  readonly numChanged: number;
  /** Files among the results that no prediction wrote. */
  readonly others: readonly string[];
  readonly out: string;
  readonly found: Pick<FoundInputs, "masks" | "notes">;
}

/** Different warnings of images that are repeated here; all are beside their image. */
const MOST_WARNINGS = 20;

export function predictionNotes({ predictions, numKept, numChanged, others, out, found }: PredictionFacts): string[] {
  const notes = [...found.notes];
  const { masks } = found;
  if (masks.length > 0) {
    const [are, they] = masks.length === 1 ? ["is", "is"] : ["are", "are"];
    notes.push(`${counted(masks.length, "file")} ${are} named as masks and ${they} left out, such as ${masks[0]}`);
  }
  if (numKept > 0) {
    const has = numKept === 1 ? "has its result" : "have their results";
    notes.push(`${counted(numKept, "image")} ${has} in ${out} already: kept (--overwrite makes them anew)`);
  }
  if (numChanged > 0) {
    const was = numChanged === 1 ? "has changed since it was" : "have changed since they were";
    notes.push(`${counted(numChanged, "image")} ${was} segmented: done anew`);
  }
  if (others.length > 0) {
    const is = others.length === 1 ? "is no result of an image that was" : "are no results of images that were";
    notes.push(`${counted(others.length, "file")} in ${out} ${is} given now, such as ${others[0]}`);
  }
  const unsized = predictions.filter(({ classes }) =>
    classes.every(({ areaMm2, volumeMl }) => areaMm2 === undefined && volumeMl === undefined),
  );
  if (unsized.length > 0) {
    const say =
      unsized.length === 1 ? "does not say how large its pixels are" : "do not say how large their pixels are";
    notes.push(`${counted(unsized.length, "image")} ${say}, such as ${unsized[0]!.file}: no areas or volumes`);
  }
  if (predictions.length > 0 && predictions.every(({ classes }) => classes.every(({ voxels }) => voxels === 0))) {
    const of = predictions.length === 1 ? "the image" : `any of the ${predictions.length} images`;
    notes.push(`the model found nothing in ${of}: is it of the kind that the model learned from?`);
  }
  return [...notes, ...warningsOf(predictions)];
}

/** Each once, with how many images have it. */
function warningsOf(predictions: readonly Prediction[]): string[] {
  const filesOf = new Map<string, string[]>();
  for (const { file, warnings } of predictions) {
    for (const warning of new Set(warnings)) {
      const files = filesOf.get(warning);
      if (files === undefined) filesOf.set(warning, [file]);
      else files.push(file);
    }
  }
  const notes = [...filesOf].map(([warning, files]) => {
    const [first] = files as [string];
    const others = files.length > 1 ? ` (and ${counted(files.length - 1, "other image")})` : "";
    return warning.includes(first) ? `${warning}${others}` : `${first}${others}: ${warning}`;
  });
  if (notes.length <= MOST_WARNINGS) return notes;
  return [...notes.slice(0, MOST_WARNINGS), `${notes.length - MOST_WARNINGS} more warnings are in predictions.json`];
}
