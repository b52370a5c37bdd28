/**
 * STARE: 20 fundus photographs with their vessels, drawn by two observers.
 *
 *     stare-images/im0001.ppm.gz    labels-ah/im0001.ah.ppm.gz    labels-vk/im0001.vk.ppm.gz
 *
 * Folders  the three archives may lie side by side or all in one folder, packed (.gz) or not; names are what counts.
 * Masks    the first observer's (`ah`); `--mask-suffix .vk` takes the second's.
 * Split    none is official: leave-one-out, first and last ten, and others are in use. No field of view is shipped.
 * Source   Hoover et al., IEEE Trans. Med. Imaging 19:203 (2000).
 */

import { baseName, stemOf } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";
import { otherObserver, VESSELS, vesselMask } from "./vessels.ts";

const roleFor =
  (observer = ".ah") =>
  (path: string): Role | undefined => {
    const [, image, suffix] = /^(im\d{4})(\.ah|\.vk)?$/.exec(stemOf(baseName(path))) ?? [];
    if (image === undefined) return undefined;
    if (suffix === undefined) return { image };
    return suffix === observer ? vesselMask(image) : otherObserver(observer);
  };

export const stare: Layout = {
  name: "stare",
  title: "STARE",
  modality: "fundus",
  labels: VESSELS,
  isPublished: true,
  published: { images: 20, masks: 20, reference: "Hoover et al., IEEE Trans. Med. Imaging 19:203 (2000)" },
  options: ["maskSuffix"],
  recognize: (folder) => isNamedBy(folder, roleFor()),
  async *list(folder, { maskSuffix } = {}) {
    yield* listByName(folder, roleFor(maskSuffix), ({ name }) => ({ patient: name }));
    yield { note: "STARE has no official split: say which one you use before comparing with a paper" };
  },
};
