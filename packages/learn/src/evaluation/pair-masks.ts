/**
 * Which predicted mask belongs to which reference: two folders whose files have the same names.
 *
 *     predictions/p1/a.png       references/p1/a_mask.png     the mask's suffix does not count, nor does the extension
 *     out/a.nii.gz               labelsTr/x/a.nii.gz          nor folders, where the name is there only once
 *
 *                            labels/a.nii.gz, a_gt.nii.gz     beside an image of the same name, the one named as a mask
 *
 * Two files, in place of folders, are one pair whatever they are called.
 * Errors   `ERR_MASKS_MISSING`, `ERR_MASKS_EMPTY`. What has no partner, or several, is listed and not measured.
 */
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { isImageFile, SourceFolder, stemOf, withoutMaskSuffix } from "@medssl/datasets";
import type { Vec3 } from "@medssl/imaging";

export interface MaskPair {
  /** Of the reference, without folder, extension and suffix where that is unique. */
  readonly name: string;
  readonly prediction: string;
  readonly reference: string;
  /** Of the image, [z, y, x]: counts where neither mask says it, as a PNG of a film does not. */
  readonly spacingMm?: Vec3 | undefined;
}

/** A mask, and the path below its folder by which its partner is found: without extension and mask suffix. */
export interface ListedMask {
  readonly file: string;
  readonly key: string;
  /** Of the image that it was drawn on, where it is known. */
  readonly spacingMm?: Vec3 | undefined;
}

/** A file that was not measured, and why. */
export interface MaskProblem {
  readonly file: string;
  readonly reason: string;
}

export interface PairedMasks {
  readonly pairs: readonly MaskPair[];
  readonly problems: readonly MaskProblem[];
}

export function pairMasks(predictions: string, references: string): PairedMasks {
  const isFolder = [predictions, references].map((path) => {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry === undefined) throw new MedsslError("ERR_MASKS_MISSING", `${path}: no such file or folder`);
    return entry.isDirectory();
  });
  if (isFolder[0] !== isFolder[1]) {
    throw new MedsslError("ERR_MASKS_MISSING", `${predictions} and ${references}: one is a folder, the other a file`, {
      hint: "Give two folders of masks, or two masks.",
    });
  }
  if (!isFolder[0]) {
    return {
      pairs: [{ name: keyOf(basename(references)), prediction: predictions, reference: references }],
      problems: [],
    };
  }
  return pairLists({ place: predictions, masks: listMasks(predictions) }, references);
}

/** Of these masks and a folder. @param place What the messages call where they lie. */
export function pairLists(
  { place: predictions, masks: predicted }: { readonly place: string; readonly masks: readonly ListedMask[] },
  references: string,
): PairedMasks {
  const referred = listMasks(references);
  const exact = match(predicted, referred, (key) => key);
  const byName = match(exact.predictions, exact.references, (key) => basename(key));
  const problems = [
    ...byName.predictions.map(({ file, key }) => unpaired(file, key, "prediction", "reference", references, referred)),
    ...byName.references.map(({ file, key }) => unpaired(file, key, "reference", "prediction", predictions, predicted)),
  ];
  const pairs = [...exact.pairs, ...byName.pairs].toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
  return { pairs, problems };
}

function listMasks(root: string): ListedMask[] {
  const names = [...new SourceFolder(root).walk()]
    .filter((name) => isImageFile(join(root, name)))
    .map((name) => name.replaceAll("\\", "/"));
  if (names.length === 0) {
    throw new MedsslError("ERR_MASKS_EMPTY", `${root}: no mask in this folder`, {
      hint: "Masks are PNG, NIfTI or any other image that `medssl ingest` reads.",
    });
  }
  const named = new Set(names.filter((name) => keyOf(name) !== stemOf(name)).map(keyOf));
  return names
    .map((name) => ({ name, key: keyOf(name) }))
    .filter(({ name, key }) => key !== stemOf(name) || !named.has(key))
    .map(({ name, key }) => ({ file: join(root, name), key }));
}

const keyOf = (name: string): string => withoutMaskSuffix(stemOf(name));

interface Matched {
  readonly pairs: readonly MaskPair[];
  /** Without a partner. */
  readonly predictions: readonly ListedMask[];
  readonly references: readonly ListedMask[];
}

/** Pairs what has the same key, where there is one of it on each side. */
function match(
  predictions: readonly ListedMask[],
  references: readonly ListedMask[],
  keyFor: (key: string) => string,
): Matched {
  const [ours, theirs] = [predictions, references].map((masks) => Map.groupBy(masks, ({ key }) => keyFor(key)));
  const isPaired = (key: string) => ours!.get(key)?.length === 1 && theirs!.get(key)?.length === 1;
  const rest = (masks: readonly ListedMask[]) => masks.filter(({ key }) => !isPaired(keyFor(key)));
  const pairs = references
    .filter(({ key }) => isPaired(keyFor(key)))
    .map(({ file, key }): MaskPair => {
      const [{ file: prediction, spacingMm }] = ours!.get(keyFor(key)) as [ListedMask];
      return { name: key, prediction, reference: file, spacingMm };
    });
  return { pairs, predictions: rest(predictions), references: rest(references) };
}

function unpaired(
  file: string,
  key: string,
  kind: string,
  other: string,
  folder: string,
  others: readonly ListedMask[],
): MaskProblem {
  const fitting = others.filter((mask) => basename(mask.key) === basename(key)).length;
  const reason =
    fitting === 0
      ? `this ${kind} has no ${other} of its name in ${folder}`
      : `this ${kind} fits several files, or shares its ${other} in ${folder} with another one`;
  return { file, reason };
}
