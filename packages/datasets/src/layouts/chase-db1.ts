/**
 * CHASE_DB1: 28 fundus photographs of 14 children, left and right eye, with their vessels by two observers.
 *
 *     Image_01L.jpg    Image_01L_1stHO.png    Image_01L_2ndHO.png        in one folder
 *
 * Patients both eyes of a child are one patient.
 * Masks    the first observer's; `--mask-suffix _2ndHO` takes the second's. Values between 0 and 255 occur: cut at half.
 * Split    three that contradict one another are in use (first 20 to train; first 8 to train; first 7 to test), so none
 *          is taken for official.
 * Source   Fraz et al., IEEE Trans. Biomed. Eng. 59:2538 (2012).
 */

import { baseName, stemOf } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";
import { otherObserver, VESSELS, vesselMask } from "./vessels.ts";

const roleFor =
  (observer = "_1stHO") =>
  (path: string): Role | undefined => {
    const [, image, suffix] = /^(Image_\d\d[LR])(_1stHO|_2ndHO)?$/.exec(stemOf(baseName(path))) ?? [];
    if (image === undefined) return undefined;
    if (suffix === undefined) return { image };
    return suffix === observer ? vesselMask(image) : otherObserver(observer);
  };

export const chaseDb1: Layout = {
  name: "chase-db1",
  title: "CHASE_DB1",
  modality: "fundus",
  labels: VESSELS,
  isPublished: true,
  published: { images: 28, patients: 14, masks: 28, reference: "Fraz et al., IEEE Trans. Biomed. Eng. 59:2538 (2012)" },
  options: ["maskSuffix"],
  recognize: (folder) => isNamedBy(folder, roleFor()),
  async *list(folder, { maskSuffix } = {}) {
    yield* listByName(folder, roleFor(maskSuffix), ({ name }) => ({ patient: name.slice(0, -1) }));
    yield { note: "CHASE_DB1 has no official split, and papers use three: say which one before comparing with them" };
  },
};
