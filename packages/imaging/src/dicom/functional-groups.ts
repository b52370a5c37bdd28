/**
 * What an enhanced multi-frame object says of one of its frames.
 *
 * Source   PS3.3 C.7.6.16
 */

import type { DicomDataset } from "./dataset.ts";

/** The macro of a frame, else the one that all frames share, else undefined: then the data set itself says what holds. */
export function frameMacro(dataset: DicomDataset, sequence: string, frame: number): DicomDataset | undefined {
  return dataset.items("52009230")[frame]?.items(sequence)[0] ?? dataset.items("52009229")[0]?.items(sequence)[0];
}
