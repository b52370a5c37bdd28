/**
 * HRF: 45 fundus photographs of high resolution with their vessels; 15 healthy eyes, 15 with diabetic retinopathy, 15
 * with glaucoma.
 *
 *     images/01_dr.JPG  images/01_g.jpg  images/01_h.jpg    manual1/01_dr.tif    mask/01_dr_mask.tif
 *
 * Masks    those in a folder `manual...`. `mask/` is the field of view (three channels), not vessels.
 * Names    .JPG and .jpg both occur; the images' extension differs from the masks'.
 * Split    none is official.
 * Source   Budai et al., Int. J. Biomed. Imaging 2013:154860.
 */

import { baseName, stemOf } from "./image-file.ts";
import type { Layout } from "./layout.ts";
import { isNamedBy, listByName, type Role } from "./named-images.ts";
import { VESSELS, vesselMask } from "./vessels.ts";

const STRATA: Readonly<Record<string, string>> = { dr: "diabetic retinopathy", g: "glaucoma", h: "healthy" };

function roleOf(path: string): Role | undefined {
  const [, image, mask] = /^(\d\d_(?:dr|g|h))(_mask)?$/i.exec(stemOf(baseName(path))) ?? [];
  if (image === undefined) return undefined;
  if (mask !== undefined) return { leftOut: "masks of the field of view" };
  const name = image.toLowerCase();
  return /manual[^/]*\/[^/]*$/i.test(path) ? vesselMask(name) : { image: name };
}

export const hrf: Layout = {
  name: "hrf",
  title: "HRF",
  modality: "fundus",
  labels: VESSELS,
  isPublished: true,
  published: { images: 45, masks: 45, reference: "Budai et al., Int. J. Biomed. Imaging 2013:154860" },
  recognize: (folder) => isNamedBy(folder, roleOf),
  list: (folder) =>
    listByName(folder, roleOf, ({ name }) => ({ patient: name, stratum: STRATA[name.slice(name.indexOf("_") + 1)] })),
};
