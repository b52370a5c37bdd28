/**
 * DICOM segmentations of a prediction into an archive.
 *
 * Again     what the archive took before is not sent again, whatever other archives were given since.
 * Refused   is told with the archive's reason; the file stays where it is. Where the archive as a whole fails, it is not asked
 *           again for the others.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import type { PacsClient } from "@medssl/imaging";
import type { OutputKind } from "./output-formats.ts";
import type { ArchiveCourse, Prediction, StoredResult } from "./prediction-report.ts";

const KINDS: readonly OutputKind[] = ["seg", "seg-fractional"];

export interface StoreOptions {
  readonly archive: Pick<PacsClient, "address" | "store">;
  readonly out: string;
  readonly listen: RunListener;
  readonly signal: AbortSignal | undefined;
  /** Told of each prediction once its segmentations were answered for. */
  readonly onStored: (prediction: Prediction, stored: readonly StoredResult[]) => void;
}

export async function storeResults(predictions: readonly Prediction[], options: StoreOptions): Promise<ArchiveCourse> {
  const { archive, out, listen, signal, onStored } = options;
  const { address } = archive;
  const isTaken = ({ stored }: Prediction, output: OutputKind) =>
    stored?.find((one) => one.output === output && one.address === address && one.isStored);
  const withSegmentations = predictions.filter(({ outputs }) => KINDS.some((kind) => outputs[kind]));
  const waiting = withSegmentations.filter((one) => KINDS.some((kind) => one.outputs[kind] && !isTaken(one, kind)));
  const taken = withSegmentations.flatMap((one) => KINDS.filter((kind) => one.outputs[kind] && isTaken(one, kind)));
  const course = { address, numBefore: taken.length };
  if (waiting.length === 0) return { ...course, numStored: 0 };
  let numStored = 0;
  const work = countedWork("store", waiting.length, listen);
  let failure: string | undefined;
  for (const prediction of waiting) {
    if (signal?.aborted) break;
    const stored = (prediction.stored ?? []).filter((one) => one.address !== address && one.isStored);
    for (const output of KINDS) {
      const path = prediction.outputs[output];
      const taken = isTaken(prediction, output);
      if (path === undefined) continue;
      if (taken !== undefined) stored.push(taken);
      else if (failure !== undefined) stored.push({ output, address, isStored: false, reason: `not sent: ${failure}` });
      else {
        try {
          const [answer] = await archive.store([readFileSync(join(out, path))], { signal });
          stored.push({ output, address, ...(answer ?? { isStored: false, reason: "the archive did not answer" }) });
          if (answer?.isStored) numStored++;
        } catch (error) {
          if (signal?.aborted) break;
          if (!(error instanceof MedsslError)) throw error;
          failure = error.message;
          stored.push({ output, address, isStored: false, reason: failure });
        }
      }
    }
    onStored(prediction, stored);
    work.advance();
  }
  work.end();
  return { ...course, numStored };
}
