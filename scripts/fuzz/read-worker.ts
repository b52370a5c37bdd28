/** The worker's side of the fuzzer: reads a file and says what it got, in little. */
import { createHash } from "node:crypto";
import { decodeScan, serveJobs } from "@medssl/imaging";

export interface ReadJob {
  readonly number: number;
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ReadResult {
  readonly shape: readonly number[];
  readonly channels: number;
  readonly numValues: number;
  /** Of the type and the values. */
  readonly hash: string;
}

serveJobs(async ({ bytes, name }: ReadJob): Promise<ReadResult> => {
  const { shape, channels, data } = await decodeScan(bytes, name);
  const hash = createHash("sha1").update(data.constructor.name).update(data).digest("hex");
  return { shape, channels, numValues: data.length, hash };
});
