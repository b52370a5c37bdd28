/**
 * AMOS22: 15 abdominal organs in 500 CT and 100 MR volumes.
 *
 *     amos22/{imagesTr,imagesVa,imagesTs}/amos_0001.nii.gz     masks of the same name in labelsTr and labelsVa
 *
 * Modality  told by the number alone: the last CT of each folder is below. Numbers above those of the challenge (its
 *           unlabelled extra volumes) say nothing.
 * Labels    the numbers are those of the challenge; its dataset.json spells two of the names wrongly and may be missing.
 * Geometry  orientation and field of view differ from case to case: the files' affines count.
 * Source    Ji et al., NeurIPS 2022 (arXiv 2206.08023).
 */

import { fileLabels } from "./file-labels.ts";
import type { Layout, OfficialSplit } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";

const FILE = /(?:^|\/)(images|labels)(Tr|Va|Ts)\/(amos_(\d{4}))\.nii(?:\.gz)?$/;
const SPLITS: Readonly<Record<string, OfficialSplit>> = { Tr: "train", Va: "validation", Ts: "test" };
const LAST_CT: Readonly<Record<string, number>> = { Tr: 410, Va: 409, Ts: 500 };
const LAST_MR = 600;

export const amos22: Layout = {
  name: "amos22",
  title: "AMOS22",
  isPublished: true,
  labels: fileLabels({
    spleen: 1,
    "right kidney": 2,
    "left kidney": 3,
    gallbladder: 4,
    esophagus: 5,
    liver: 6,
    stomach: 7,
    aorta: 8,
    postcava: 9,
    pancreas: 10,
    "right adrenal gland": 11,
    "left adrenal gland": 12,
    duodenum: 13,
    bladder: 14,
    "prostate/uterus": 15,
  }),
  published: { images: 600, masks: 360, reference: "Ji et al., NeurIPS 2022 (arXiv 2206.08023)" },

  recognize: (folder) => isNamedBy(folder, roleOf),

  async *list(folder) {
    const counts = { train: 0, validation: 0, test: 0 };
    yield* listByName(folder, roleOf, ({ path }) => {
      const [, , part = "", patient, number] = FILE.exec(path)!;
      const split = SPLITS[part]!;
      counts[split] += 1;
      const isCt = Number(number) <= LAST_CT[part]!;
      return { patient, split, modality: isCt ? "ct" : Number(number) <= LAST_MR ? "mr" : undefined };
    });
    if (counts.validation + counts.test > 0) {
      const which = `${counts.validation} validation and ${counts.test} test volumes`;
      yield { note: `${which}: leave them out of pre-training if AMOS is what you evaluate on` };
    }
  },
};

function roleOf(path: string): Role | undefined {
  const [, kind, part, name] = FILE.exec(path) ?? [];
  if (kind === undefined) return undefined;
  return kind === "images" ? { image: `images${part}/${name}` } : { maskOf: `images${part}/${name}` };
}
