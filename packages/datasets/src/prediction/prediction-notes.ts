/** What a user should know of a prediction as a whole, in sentences. */
import type { FoundInputs } from "./prediction-inputs.ts";
import { counted, type Prediction } from "./prediction-report.ts";

/** Different warnings of images that are repeated here; all are beside their image. */
const MOST_WARNINGS = 20;

export interface PredictionCourse {
  readonly numKept: number;
  readonly numChanged: number;
  /** Images whose results were there in part. */
  readonly numDamaged: number;
  /** Images whose results somebody has corrected. */
  readonly numEdited: number;
  readonly out: string;
  readonly found: Pick<FoundInputs, "masks" | "notes">;
}

/** What was left out, and what was done already. */
export function predictionRemarks({
  numKept,
  numChanged,
  numDamaged,
  numEdited,
  out,
  found,
}: PredictionCourse): string[] {
  const notes = [...found.notes];
  const { masks } = found;
  if (masks.length > 0) {
    const are = masks.length === 1 ? "is named as a mask" : "are named as masks";
    notes.push(`${counted(masks.length, "file")} ${are} and left out, such as ${masks[0]}`);
  }
  if (numKept > 0) {
    const have = numKept === 1 ? "has its result" : "have their results";
    notes.push(`${counted(numKept, "image")} ${have} in ${out} already: kept (--overwrite makes them anew)`);
  }
  if (numChanged > 0) {
    const have = numChanged === 1 ? "has changed since it was" : "have changed since they were";
    notes.push(`${counted(numChanged, "image")} ${have} segmented: done anew`);
  }
  if (numDamaged > 0) {
    const have = numDamaged === 1 ? "has only a part of its result" : "have only a part of their results";
    notes.push(`${counted(numDamaged, "image")} ${have} in ${out}: done anew`);
  }
  if (numEdited > 0) {
    const have = numEdited === 1 ? "has a result" : "have results";
    notes.push(`${counted(numEdited, "image")} ${have} that somebody has changed: kept, with the numbers of before`);
  }
  return notes;
}

export interface PredictionFindings {
  readonly predictions: readonly Prediction[];
  /** Files among the results that no prediction wrote. */
  readonly others: readonly string[];
  readonly out: string;
}

export function predictionWarnings({ predictions, others, out }: PredictionFindings): string[] {
  const notes: string[] = [];
  if (others.length > 0) {
    const are = others.length === 1 ? "is no result of an image that was" : "are no results of images that were";
    notes.push(`${counted(others.length, "file")} in ${out} ${are} given now, such as ${others[0]}`);
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
    const place = predictions.length === 1 ? "the image: is it" : `any of ${predictions.length} images: are they`;
    notes.push(`the model found nothing in ${place} of the kind that it learned from?`);
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
