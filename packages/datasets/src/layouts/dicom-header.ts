/**
 * The headers of DICOM files: what stands before the pixels, read without the pixels.
 *
 * Cost     one read of 64 KiB for nearly every file; more only where the header goes on, or all is deflated.
 * Errors   those of `parseDicom`, and `ERR_IMAGE_READ`.
 */

import { type FileHandle, open } from "node:fs/promises";
import { MedsslError } from "@medssl/contract";
import { type DicomDataset, parseDicom } from "@medssl/imaging";
import type { SourceFolder } from "./source-folder.ts";

const FIRST_BYTES = 2 ** 16;
/** What is read of a file whose header is not whole then. No header has a use for more. */
const MORE_BYTES = [2 ** 20, 2 ** 26];
/** Files in flight at once: what hides the latency of network drives. */
const NUM_AHEAD = 16;

export interface ReadHeader {
  /** Below the folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Or why there is none. */
  readonly header: DicomDataset | MedsslError;
}

/** Reads the headers of many files of a folder, in their order. Each holds until the next one is asked for. */
export async function* readHeaders(folder: SourceFolder, paths: Iterable<string>): AsyncGenerator<ReadHeader> {
  const buffers = Array.from({ length: NUM_AHEAD }, () => Buffer.allocUnsafe(FIRST_BYTES));
  let batch: Promise<ReadHeader>[] = [];
  for (const path of paths) {
    batch.push(readHeader(folder, path, buffers[batch.length]));
    if (batch.length < NUM_AHEAD) continue;
    yield* await Promise.all(batch);
    batch = [];
  }
  yield* await Promise.all(batch);
}

/** @param buffer What the file's beginning is read into. */
export async function readHeader(
  folder: SourceFolder,
  path: string,
  buffer?: Buffer<ArrayBuffer>,
): Promise<ReadHeader> {
  return { path, ...(await readFileHeader(folder.at(path), buffer)) };
}

/** @param name The file's path. */
export async function readFileHeader(
  name: string,
  buffer = Buffer.allocUnsafe(FIRST_BYTES),
): Promise<Omit<ReadHeader, "path">> {
  let sizeBytes = 0;
  try {
    await using file = await open(name);
    const { bytesRead } = await file.read(buffer, { position: 0 });
    sizeBytes = bytesRead < FIRST_BYTES ? bytesRead : (await file.stat()).size;
    return { sizeBytes, header: await parseHeader(file, name, buffer.subarray(0, bytesRead), sizeBytes) };
  } catch (cause) {
    if (cause instanceof MedsslError) return { sizeBytes, header: cause };
    if (!(cause instanceof Error && "errno" in cause)) throw cause;
    const header = new MedsslError("ERR_IMAGE_READ", `${name}: cannot be read (${cause.message})`, { cause });
    return { sizeBytes, header };
  }
}

async function parseHeader(file: FileHandle, name: string, beginning: Uint8Array, sizeBytes: number) {
  let bytes = beginning;
  for (const more of MORE_BYTES) {
    try {
      return parseDicom(bytes, name, { headerOnly: true });
    } catch (error) {
      const mayGoOn = error instanceof MedsslError && error.code === "ERR_DICOM_CORRUPT" && bytes.length < sizeBytes;
      if (!mayGoOn) throw error;
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(more, sizeBytes)), { position: 0 });
      bytes = buffer.subarray(0, bytesRead);
    }
  }
  return parseDicom(bytes, name, { headerOnly: true });
}
