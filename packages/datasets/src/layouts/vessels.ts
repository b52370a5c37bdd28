/** What the data sets of retinal vessels have in common: one label, and observers of whom one counts. */

import { fileLabels } from "./file-labels.ts";
import type { Role } from "./named-images.ts";

export const VESSELS = fileLabels({ vessels: 255 });

/** Masks of these sets are not always 0 and 255: whatever is above one half is a vessel. */
export const vesselMask = (image: string): Role => ({ maskOf: image, mask: { fileValue: 255 } });

export const otherObserver = (observer: string): Role => ({
  leftOut: `masks of another observer than ${observer} (--mask-suffix chooses)`,
});
