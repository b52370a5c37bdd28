/**
 * DRIVE: 40 fundus photographs with their vessels, split in halves by its authors.
 *
 *     training/images/21_training.tif    training/1st_manual/21_manual1.gif    training/mask/21_training_mask.gif
 *     test/images/01_test.tif            test/1st_manual/01_manual1.gif        test/mask/01_test_mask.gif
 *
 * Masks    `1st_manual`. `mask/` is the field of view, not vessels. `--mask-suffix _manual2` takes the second observer.
 * Missing  the official download has no test/1st_manual any more: the test images are then listed without masks.
 * Split    from the names: numbers 1 to 20 are the test half, and come first in the order of names.
 * Source   Staal et al., IEEE Trans. Med. Imaging 23:501 (2004).
 */

import { baseName, stemOf } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";
import { otherObserver, VESSELS, vesselMask } from "./vessels.ts";

const roleFor =
  (observer = "_manual1") =>
  (path: string): Role | undefined => {
    const [, number, kind] =
      /^(\d\d)(_training|_test|_training_mask|_test_mask|_manual[12])$/.exec(stemOf(baseName(path))) ?? [];
    if (number === undefined || kind === undefined) return undefined;
    if (kind.startsWith("_manual")) return kind === observer ? vesselMask(number) : otherObserver(observer);
    return kind.endsWith("_mask") ? { leftOut: "masks of the field of view" } : { image: number };
  };

export const drive: Layout = {
  name: "drive",
  title: "DRIVE",
  modality: "fundus",
  labels: VESSELS,
  isPublished: true,
  published: { images: 40, patients: 40, reference: "Staal et al., IEEE Trans. Med. Imaging 23:501 (2004)" },
  options: ["maskSuffix"],
  recognize: (folder) => isNamedBy(folder, roleFor()),
  list: (folder, { maskSuffix } = {}) =>
    listByName(folder, roleFor(maskSuffix), ({ name, path }) => ({
      patient: name,
      split: /_training\./.test(path) ? "train" : "test",
    })),
};
