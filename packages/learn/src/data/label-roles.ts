/**
 * Which labels of a store are structures, and which one says that nobody looked: scribbles and half-annotated images.
 *
 * A label called `ignore` is no class. It has the highest value, so that the classes are 1..K.
 */
import { MedsslError } from "@medssl/contract";
import type { Label } from "@medssl/datasets";

export interface LabelRoles {
  readonly classes: readonly Label[];
  /** Value of pixels that say nothing, where the masks have such. */
  readonly ignoredValue: number | undefined;
}

/** @throws {MedsslError} `ERR_LABELS_IGNORE` when `ignore` is not the last, or the only label. */
export function labelRoles(labels: readonly Label[]): LabelRoles {
  const ignored = labels.find(({ name }) => name === "ignore");
  if (ignored === undefined) return { classes: labels, ignoredValue: undefined };
  const classes = labels.filter((label) => label !== ignored);
  if (classes.length === 0 || classes.some(({ value }) => value > ignored.value)) {
    throw new MedsslError(
      "ERR_LABELS_IGNORE",
      `The label "ignore" has the value ${ignored.value}; it is to be the last of several.`,
      { hint: "Ingest with --labels and name it last: --labels lungs=1,ignore=255" },
    );
  }
  return { classes, ignoredValue: ignored.value };
}
