/**
 * MM-WHS: seven structures of the heart in CT and MR volumes of different people.
 *
 *     ct_train_1001_image.nii.gz  ct_train_1001_label.nii.gz  mr_train_1001_...  ct_test_2001_image.nii.gz
 *
 * Labels    are grey values, 205 to 850. Masks of MR hold voxels of 421 that are meant as 420.
 * Tests     come without labels. The numbers of CT and MR cases are alike; the people are not.
 * Source    Zhuang et al., Med. Image Anal. 58:101537 (2019).
 */

import { fileLabels } from "./file-labels.ts";
import type { Layout, Modality } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";

const FILE = /(?:^|\/)((?:ct|mr)_(?:train|test)_\d{4})_(image|label)\.nii(?:\.gz)?$/;

export const mmWhs: Layout = {
  name: "mm-whs",
  title: "MM-WHS",
  isPublished: true,
  labels: fileLabels({
    "left ventricular myocardium": 205,
    "left atrium": [420, 421],
    "left ventricle": 500,
    "right atrium": 550,
    "right ventricle": 600,
    "ascending aorta": 820,
    "pulmonary artery": 850,
  }),
  published: { images: 120, reference: "Zhuang et al., Med. Image Anal. 58:101537 (2019)" },

  recognize: (folder) => isNamedBy(folder, roleOf),
  list: (folder) =>
    listByName(folder, roleOf, ({ name }) => {
      const [modality, split] = name.split("_") as [Modality, "train" | "test"];
      return { patient: name, modality, split };
    }),
};

function roleOf(path: string): Role | undefined {
  const [, name, kind] = FILE.exec(path) ?? [];
  if (name === undefined) return undefined;
  return kind === "image" ? { image: name } : { maskOf: name };
}
