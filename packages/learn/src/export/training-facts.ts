/**
 * What a run learned from, for its card: by counts and hashes, without a name of a file, a folder or a patient.
 *
 * Hashes   of sorted lines. The data's: a line for each labelled patient's pseudonym and, where the stores are there, one for
 *          the contents of each of the patients' images and masks.
 */
import type { ModelCard } from "@medssl/contract";
import type { Store } from "@medssl/datasets";
import { storedVolumes } from "../evaluation/stored-volumes.ts";
import { type FinetuneRun, readRun } from "../training/run-directory.ts";
import { sha256 } from "./model-folder.ts";

/** @param stores Those that the run learned from; none where they are gone. */
export function trainingFacts(run: FinetuneRun, stores: readonly Store[]): ModelCard["training"] {
  const { images, patients, heldOutPatients, recipe } = run;
  const contents = stores.flatMap((store) => contentsOf(store, patients));
  return {
    images,
    patients: patients.length,
    encoder: encoderText(run.encoder),
    recipeSha256: sha256(JSON.stringify(recipe)),
    dataSha256: linesHash([...patients, ...contents]),
    dataSha256Of: stores.length > 0 ? "patients and images" : "patients",
    heldOutSha256: heldOutPatients.length === 0 ? null : linesHash(heldOutPatients),
  };
}

const linesHash = (lines: readonly string[]): string => sha256(`${[...lines].sort().join("\n")}\n`);

function contentsOf(store: Store, patients: readonly string[]): string[] {
  const learned = new Set(patients);
  return store
    .query<{ patient: string; content: string; mask: string }>(
      "SELECT patient, content, mask_content AS mask FROM cases WHERE has_mask = 1",
    )
    .filter(({ patient }) => learned.has(patient))
    .map(({ content, mask }) => `${content} ${mask}`);
}

/** @param encoder Folder of a pre-training, or a file of weights. */
function encoderText(encoder: string | null): string | null {
  if (encoder === null) return null;
  try {
    const run = readRun(encoder);
    if (run.stage === "pretrain")
      return `${run.recipe.method} on ${run.images} images, ${run.step ?? run.recipe.steps} steps`;
  } catch {
    // It is no run, or is not there any more.
  }
  return "weights that were pre-trained elsewhere";
}

/**
 * Size [y, x] in mm of the pixels that were learned from, at their stored size; in the middle of the volumes.
 *
 * @returns undefined where no file said it.
 */
export function middleSpacing(run: FinetuneRun, stores: readonly Store[]): [number, number] | undefined {
  const learned = new Set(run.patients);
  const selections = stores.map((store) => ({
    store,
    cases: store.cases.filter(({ hasMask, patient }) => hasMask && learned.has(patient)),
  }));
  const known = storedVolumes(selections).flatMap(({ spacingMm }) => (spacingMm === undefined ? [] : [spacingMm]));
  if (known.length === 0) return undefined;
  const middle = (axis: 1 | 2) => {
    const sizes = known.map((spacing) => spacing[axis]).sort((a, b) => a - b);
    return Number(sizes[Math.floor(sizes.length / 2)]!.toPrecision(6));
  };
  return [middle(1), middle(2)];
}
