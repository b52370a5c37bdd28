/**
 * The images of a fine-tuning: what it learns from, what it is validated on, what it is consistent on; and what of it would
 * surprise its user, in words.
 *
 * Errors  `ERR_STORE_LABELS` without masks, `ERR_SEMI_POOL` without images to be consistent on, `ERR_LABELS_IGNORE`, and those of
 *         `ImageSet`.
 */
import { MedsslError } from "@medssl/contract";
import type { Label, Store } from "@medssl/datasets";
import { ImageSet, type Selection } from "../data/image-set.ts";
import { labelPixels } from "../data/label-pixels.ts";
import { labelRoles } from "../data/label-roles.ts";
import type { FinetuneOptions } from "./finetune.ts";
import { splitValidation } from "./validation.ts";

export interface ValidationPatients {
  readonly set: ImageSet;
  readonly selections: readonly Selection[];
  readonly patients: readonly string[];
}

export interface FinetuneData {
  readonly set: ImageSet;
  /** Of `set`. */
  readonly selections: readonly Selection[];
  /** Patients who are kept aside, and their images; undefined where there are none, or none that shows a structure. */
  readonly validation: ValidationPatients | undefined;
  readonly pool: ImageSet | undefined;
  readonly classes: readonly Label[];
  /** Pixels of each class in `set`, background first. */
  readonly pixels: readonly number[];
  readonly ignoredValue: number | undefined;
}

export function finetuneData(options: FinetuneOptions): FinetuneData {
  const { selections, recipe, listen } = options;
  const note = (message: string) => listen({ type: "note", level: "warning", message });
  const { learned, validated, patients } = splitValidation(selections, recipe);
  const set = new ImageSet(learned);
  const { classes, ignoredValue } = labelRoles(set.labels);
  if (classes.length === 0) {
    throw new MedsslError("ERR_STORE_LABELS", `The store ${selections[0]!.store.dir} has no masks.`, {
      hint: "Ingest a folder with images/ and masks/.",
    });
  }
  const pixels = labelPixels(set, classes.length + 1);
  const absent = classes.filter(({ value }) => pixels[value] === 0).map(({ name }) => name);
  if (absent.length > 0) note(`no labelled image shows ${absent.join(", ")}: it cannot be learned from these patients`);
  if (recipe.validation.fraction > 0 && patients.length === 0) {
    note("too few labelled patients to keep any for validation: all steps are taken, and the last weights are kept");
  }
  if (recipe.semi.weight > 0 && recipe.semi.startStep >= recipe.steps) {
    note(
      `nothing is learned from images without labels: that begins at step ${recipe.semi.startStep} (semi.startStep), and there are ${recipe.steps}`,
    );
  }
  if (recipe.contextSlices > 0 && !learned.some(({ store }) => hasVolumes(store))) {
    note("contextSlices shows neighbours in a volume, but these images are pictures: each is shown several times over");
  }
  const pool = recipe.semi.weight > 0 ? unlabeledPool(options, new Set(patients)) : undefined;
  const validation = showsAny(validated, classes.length)
    ? { set: new ImageSet(validated), selections: validated, patients }
    : undefined;
  if (patients.length > 0 && validation === undefined) {
    note(
      "the validation patients show none of the structures and say nothing: all steps are taken, and the last weights are kept",
    );
  }
  return { set, selections: learned, validation, pool, classes, pixels, ignoredValue };
}

/** Where nothing is shown, a network that finds nothing is perfect. */
const showsAny = (selections: readonly Selection[], numClasses: number): boolean =>
  selections.some(({ cases }) => cases.length > 0) &&
  labelPixels(new ImageSet(selections), numClasses + 1).some((count, value) => value > 0 && count > 0);

const hasVolumes = (store: Store): boolean => store.query("SELECT id FROM cases WHERE slices > 1 LIMIT 1").length > 0;

/** Without the patients that it is validated on: they say how it does on images that it has not seen. */
function unlabeledPool({ pool = [] }: FinetuneOptions, validated: ReadonlySet<string>): ImageSet {
  const kept = pool.map(({ store, cases }) => ({
    store,
    cases: cases.filter(({ patient }) => !validated.has(patient)),
  }));
  if (!kept.some(({ cases }) => cases.length > 0)) {
    throw new MedsslError("ERR_SEMI_POOL", "Semi-supervised fine-tuning needs images without labels; there are none.", {
      hint: "Use fewer labels than there are (--labels 10%), or give --unlabelled STORE, or leave out --semi.",
    });
  }
  return new ImageSet(kept);
}
