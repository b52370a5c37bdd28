/**
 * The compressed frames of encapsulated pixel data, each put together from its fragments.
 *
 * Order    the extended offset table says where frames begin, else the basic one; where there is none, or it points to no
 *          fragments, one fragment is one frame, or a frame ends with the fragment that ends a code stream (the last marker
 *          of JPEG and JPEG 2000).
 * Copies   a frame of one fragment is a view of the file.
 * Errors   `ERR_DICOM_CORRUPT`
 * Source   PS3.5 A.4; PS3.3 C.7.6.3.1.8 for the extended table.
 */

import { MedsslError } from "@medssl/contract";
import { joinBytes } from "./bytes.ts";
import type { DicomDataset } from "./dataset.ts";
import { pixelDataTag } from "./pixel-format.ts";

/** Between two fragments stand the tag and the length of the next. */
const itemHeaderBytes = 8;

/** @returns `numFrames` code streams. */
export function encapsulatedFrames(dataset: DicomDataset, numFrames: number): Uint8Array[] {
  const [table, ...fragments] = dataset.fragments(pixelDataTag) ?? [];
  const starts = frameStarts(dataset, table, fragments, numFrames);
  const frames = starts.map((start, i) => joinBytes(fragments.slice(start, starts[i + 1])));
  const found = frames.filter((frame) => frame.length > 0);
  // Some writers put in more frames than they announce; the announced ones are right.
  if (found.length >= numFrames) return found.slice(0, numFrames);
  throw new MedsslError(
    "ERR_DICOM_CORRUPT",
    `${dataset.name}: expected ${numFrames} compressed frames, got ${found.length}`,
    { hint: "The file is damaged or was not copied to its end; copy it again from where it came from." },
  );
}

/** The first fragment of each frame. */
function frameStarts(
  dataset: DicomDataset,
  basic: Uint8Array | undefined,
  fragments: readonly Uint8Array[],
  numFrames: number,
): number[] {
  if (numFrames === 1) return [0];
  const extended = dataset.bytes("7FE00001");
  const offsets = extended?.length ? offsetsOf(extended, 8) : offsetsOf(basic ?? new Uint8Array(), 4);
  const starts = startsAt(offsets, fragments);
  if (starts.length >= numFrames) return starts;
  return fragments.length === numFrames ? fragments.map((_, i) => i) : startsByMarkers(fragments);
}

function offsetsOf(table: Uint8Array, size: 4 | 8): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.length / size) }, (_, frame) =>
    size === 4 ? view.getUint32(frame * 4, true) : Number(view.getBigUint64(frame * 8, true)),
  );
}

/** None where an offset is not that of a fragment. */
function startsAt(offsets: readonly number[], fragments: readonly Uint8Array[]): number[] {
  const fragmentAt = new Map<number, number>();
  let position = 0;
  fragments.forEach((fragment, i) => {
    fragmentAt.set(position, i);
    position += itemHeaderBytes + fragment.length;
  });
  const starts = offsets.map((offset) => fragmentAt.get(offset - offsets[0]!));
  return starts.every((start) => start !== undefined) ? starts : [];
}

function startsByMarkers(fragments: readonly Uint8Array[]): number[] {
  const starts = [0];
  for (let i = 0; i < fragments.length - 1; i++) if (endsCodeStream(fragments[i]!)) starts.push(i + 1);
  return starts;
}

/** 0xFFD9 within the last bytes; a byte or more of padding may follow. */
function endsCodeStream(fragment: Uint8Array): boolean {
  const tail = fragment.subarray(-10);
  return tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9);
}
