/**
 * A plain folder of images, with or without masks, as people keep them.
 *
 *     images/a.png  masks/a.png            a mask folder beside, whatever the image folder is called
 *     CXR_png/a.png masks/a_mask.png       the mask's name may carry a suffix there too
 *     a.jpg  a_1stHO.png  a_2ndHO.png      one folder; only the suffix tells a mask. Second observers are left out
 *     p1/x/a.jpg  p2/b.jpg                 images alone, in any depth
 *
 * Mask     a file in a folder that is named for masks, or with a mask's suffix; `--mask-suffix` names the only one.
 *          An image that several fit is refused: which one is meant? mask-table.ts says what fits.
 * Patients as image-table.ts tells them; `--patient-pattern` says it.
 * Errors   `ERR_PATIENT_PATTERN`; refusals with `ERR_MASK_AMBIGUOUS`.
 */

import { isImageFile } from "./image-file.ts";
import { ImageTable } from "./image-table.ts";
import type { Layout, Refusal } from "./layout.ts";
import { MaskTable, plainRole } from "./mask-table.ts";

export const folder: Layout = {
  name: "folder",
  title: "Plain folder",
  patientSpace: "own",
  isPublished: false,
  options: ["maskSuffix", "patientPattern"],
  recognize: () => true,
  async *list(source, { maskSuffix, patientPattern } = {}) {
    using images = new ImageTable(patientPattern);
    using masks = new MaskTable(maskSuffix);
    let numOtherObservers = 0;
    for (const file of source.walk()) {
      if (!isImageFile(source.at(file))) continue;
      const role = plainRole(file, maskSuffix);
      if (role === "image") images.add(file);
      else if (role === "mask") masks.add(file);
      else numOtherObservers += 1;
    }
    for (const entry of images.entries()) {
      if ("note" in entry) {
        yield entry;
        continue;
      }
      const { key, file, patient } = entry;
      const fitting = masks.take(file).map((mask) => source.at(mask));
      yield {
        key,
        files: [source.at(file)],
        patient,
        ...(fitting.length > 1
          ? { refusal: severalMasks(source.at(file), fitting) }
          : { masks: fitting.map((mask) => ({ file: mask })) }),
      };
    }
    yield* masks.notes();
    if (numOtherObservers > 0) {
      yield { note: `${numOtherObservers} masks of other observers are left out (--mask-suffix chooses an observer)` };
    }
  },
};

function severalMasks(image: string, masks: readonly string[]): Refusal {
  return {
    code: "ERR_MASK_AMBIGUOUS",
    message: `${image}: several masks fit: ${masks.join(", ")}`,
    hint: "Say which one counts with --mask-suffix, or list the pairs in a cases.csv.",
  };
}
