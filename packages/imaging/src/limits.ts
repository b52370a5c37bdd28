/**
 * How much a single file may ask for: what keeps a damaged or hostile header from taking the machine's memory.
 *
 * Units    samples: width x height x depth x channels, whatever their size in bytes.
 * Order    every reader checks what a header claims against it before it allocates, and then against the bytes there.
 * Errors   `ERR_IMAGE_TOO_LARGE`
 */

import { MedsslError } from "@medssl/contract";

/** 2^29: a whole body at 512 x 512 x 2048; the largest slide or film in the field's 2D sets has a tenth of it. */
export const MAX_SAMPLES = 2 ** 29;

/**
 * Refuses a picture or volume of more than `MAX_SAMPLES`.
 *
 * @param name What the message calls the file: its path.
 * @param extents As the header claims them: width, height, and depth, frames and channels where there are any.
 * @returns Their product.
 */
export function checkNumSamples(name: string, ...extents: readonly number[]): number {
  const numSamples = extents.reduce((product, extent) => product * extent, 1);
  if (numSamples <= MAX_SAMPLES) return numSamples;
  throw new MedsslError(
    "ERR_IMAGE_TOO_LARGE",
    `${name}: expected at most ${MAX_SAMPLES} values, got ${extents.join(" x ")} (as the header says)`,
    { hint: "If the file is not damaged, cut it into parts." },
  );
}
