/**
 * The deflate stream of a deflated data set.
 *
 * Limit    a stream that would grow beyond `maxDatasetBytes` is refused on the way, whatever it claims.
 * Errors   `ERR_DICOM_CORRUPT`, `ERR_IMAGE_TOO_LARGE`.
 */

import { MedsslError } from "@medssl/contract";
import { Inflate } from "fflate";
import { joinBytes } from "./bytes.ts";

/** Larger than any deflated data set of the field. */
const maxDatasetBytes = 2 ** 31;
/** Deflate grows at most 1032-fold, so that a step makes 17 MB at most. */
const stepBytes = 2 ** 14;

export function inflateDataset(deflated: Uint8Array, name: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isComplete = false;
  const inflate = new Inflate((chunk, isLast) => {
    chunks.push(chunk);
    length += chunk.length;
    isComplete ||= isLast;
  });
  try {
    for (let start = 0; start < deflated.length && length <= maxDatasetBytes; start += stepBytes) {
      inflate.push(deflated.subarray(start, start + stepBytes), start + stepBytes >= deflated.length);
    }
  } catch (cause) {
    throw corrupt(name, cause);
  }
  if (length > maxDatasetBytes) {
    throw new MedsslError(
      "ERR_IMAGE_TOO_LARGE",
      `${name}: expected a data set of at most ${maxDatasetBytes} bytes, got more`,
    );
  }
  if (!isComplete) throw corrupt(name);
  return joinBytes(chunks);
}

function corrupt(name: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_DICOM_CORRUPT", `${name}: expected a whole deflate stream, got a broken one`, {
    hint: "The file is damaged or was not copied to its end; copy it again from where it came from.",
    cause,
  });
}
