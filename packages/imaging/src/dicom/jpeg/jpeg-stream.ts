/**
 * What a JPEG stream says of itself: its frame, its tables, where its scans lie.
 *
 * Processes   the start-of-frame marker tells which of the JPEGs it is: DCT sequential or progressive, lossless, JPEG-LS.
 * Errors      `ERR_DICOM_CORRUPT`; the caller adds file and frame.
 * Source      ITU-T T.81 annex B; T.87 annex C for JPEG-LS.
 */

import { corruptJpeg } from "./corrupt-jpeg.ts";
import { HuffmanTable } from "./huffman-table.ts";

export type JpegProcess = "sequential" | "progressive" | "lossless" | "jpeg-ls";

export interface JpegComponent {
  readonly id: number;
  /** Sampling factors. */
  readonly horizontal: number;
  readonly vertical: number;
  readonly quantization: number;
}

export interface JpegFrame {
  readonly process: JpegProcess;
  /** Bits. */
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly JpegComponent[];
}

export interface JpegScan {
  readonly components: readonly { readonly index: number; readonly dcTable: number; readonly acTable: number }[];
  /** Ss: the first coefficient, of lossless the predictor. */
  readonly start: number;
  /** Se */
  readonly end: number;
  /** Ah: bits of precision that earlier scans left out, 0 in the first. */
  readonly high: number;
  /** Al: bits that this one leaves out. */
  readonly low: number;
  /** In units, 0 for none. */
  readonly restartInterval: number;
  readonly dcTables: readonly (HuffmanTable | undefined)[];
  readonly acTables: readonly (HuffmanTable | undefined)[];
  /** The entropy-coded bytes. */
  readonly data: Uint8Array;
}

export interface JpegStream {
  readonly frame: JpegFrame;
  readonly scans: readonly JpegScan[];
  /** 64 numbers each, in zigzag order. */
  readonly quantizations: readonly (Uint16Array | undefined)[];
  /** Adobe's APP14: 0 says that the components are no YCbCr, 1 that they are. */
  readonly adobeTransform: number | undefined;
  readonly isJfif: boolean;
}

const processes: Readonly<Record<number, JpegProcess>> = {
  192: "sequential",
  193: "sequential",
  194: "progressive",
  195: "lossless",
  247: "jpeg-ls",
};

/** @throws {MedsslError} `ERR_DICOM_CORRUPT`; also where the stream has no end. */
export function readJpegStream(bytes: Uint8Array): JpegStream {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw corruptJpeg("its first marker", "other bytes");
  const reader = new StreamReader(bytes);
  let position = 2;
  while (true) {
    const marker = bytes[position + 1];
    if (bytes[position] !== 0xff || marker === undefined) throw corruptJpeg(`a marker at byte ${position}`, "none");
    if (marker === 0xff) position++;
    else if (marker === 0xd9) return reader.finish();
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) position += 2;
    else position = reader.readSegment(marker, position + 2);
  }
}

class StreamReader {
  readonly #bytes: Uint8Array;
  readonly #scans: JpegScan[] = [];
  readonly #quantizations: Uint16Array[] = [];
  readonly #dcTables: HuffmanTable[] = [];
  readonly #acTables: HuffmanTable[] = [];
  #frame: JpegFrame | undefined;
  #restartInterval = 0;
  #adobeTransform: number | undefined;
  #isJfif = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads the segment whose length stands at `start`; returns where the next marker is. */
  readSegment(marker: number, start: number): number {
    const end = start + ((this.#bytes[start]! << 8) | this.#bytes[start + 1]!);
    if (!(end >= start + 2 && end <= this.#bytes.length)) throw corruptJpeg("a whole segment", "the end of the data");
    const segment = this.#bytes.subarray(start + 2, end);
    if (marker in processes) this.#frame = readFrame(segment, processes[marker]!);
    else if (marker === 0xc4) this.#readHuffmanTables(segment);
    else if (marker === 0xdb) this.#readQuantizations(segment);
    else if (marker === 0xdd) this.#restartInterval = (segment[0]! << 8) | segment[1]!;
    else if (marker === 0xe0) this.#isJfif ||= startsWith(segment, "JFIF");
    else if (marker === 0xee && startsWith(segment, "Adobe")) this.#adobeTransform = segment[11];
    else if (marker === 0xda) return this.#readScan(segment, end);
    else if (marker >= 0xc5 && marker <= 0xcf) throw corruptJpeg("a Huffman-coded process", `process ${marker - 0xc0}`);
    return end;
  }

  finish(): JpegStream {
    if (!this.#frame || this.#scans.length === 0) throw corruptJpeg("a frame and its scans", "none");
    return {
      frame: this.#frame,
      scans: this.#scans,
      quantizations: this.#quantizations,
      adobeTransform: this.#adobeTransform,
      isJfif: this.#isJfif,
    };
  }

  #readScan(segment: Uint8Array, dataStart: number): number {
    const numComponents = segment[0]!;
    if (!this.#frame) throw corruptJpeg("a frame before its scans", "none");
    if (segment.length < 4 + 2 * numComponents) throw corruptJpeg("a whole scan header", "its beginning");
    const { components } = this.#frame;
    const dataEnd = endOfScan(this.#bytes, dataStart);
    const approximation = segment[3 + 2 * numComponents]!;
    this.#scans.push({
      components: Array.from({ length: numComponents }, (_, i) => {
        const index = components.findIndex(({ id }) => id === segment[1 + 2 * i]);
        if (index < 0) throw corruptJpeg("a scan of the frame's components", `component ${segment[1 + 2 * i]}`);
        return { index, dcTable: segment[2 + 2 * i]! >> 4, acTable: segment[2 + 2 * i]! & 15 };
      }),
      start: segment[1 + 2 * numComponents]!,
      end: segment[2 + 2 * numComponents]!,
      high: approximation >> 4,
      low: approximation & 15,
      restartInterval: this.#restartInterval,
      dcTables: this.#dcTables.slice(),
      acTables: this.#acTables.slice(),
      data: this.#bytes.subarray(dataStart, dataEnd),
    });
    return dataEnd;
  }

  #readHuffmanTables(segment: Uint8Array): void {
    for (let start = 0; start < segment.length; ) {
      const counts = segment.subarray(start + 1, start + 17);
      const numSymbols = counts.reduce((sum, count) => sum + count, 0);
      const symbols = segment.subarray(start + 17, start + 17 + numSymbols);
      if (counts.length < 16 || symbols.length < numSymbols)
        throw corruptJpeg("a whole Huffman table", "its beginning");
      const tables = segment[start]! >> 4 === 0 ? this.#dcTables : this.#acTables;
      tables[segment[start]! & 15] = new HuffmanTable(counts, symbols);
      start += 17 + numSymbols;
    }
  }

  #readQuantizations(segment: Uint8Array): void {
    for (let start = 0; start < segment.length; ) {
      const size = segment[start]! >> 4 === 0 ? 1 : 2;
      const values = segment.subarray(start + 1, start + 1 + 64 * size);
      if (values.length < 64 * size) throw corruptJpeg("a whole quantization table", "its beginning");
      this.#quantizations[segment[start]! & 15] = Uint16Array.from({ length: 64 }, (_, i) =>
        size === 1 ? values[i]! : (values[2 * i]! << 8) | values[2 * i + 1]!,
      );
      start += 1 + 64 * size;
    }
  }
}

function readFrame(segment: Uint8Array, process: JpegProcess): JpegFrame {
  const numComponents = segment[5]!;
  if (segment.length < 6 + 3 * numComponents) throw corruptJpeg("a whole frame header", "its beginning");
  return {
    process,
    precision: segment[0]!,
    rows: (segment[1]! << 8) | segment[2]!,
    columns: (segment[3]! << 8) | segment[4]!,
    components: Array.from({ length: numComponents }, (_, i) => ({
      id: segment[6 + 3 * i]!,
      horizontal: segment[7 + 3 * i]! >> 4,
      vertical: segment[7 + 3 * i]! & 15,
      quantization: segment[8 + 3 * i]!,
    })),
  };
}

/** The marker that ends entropy-coded data: 0xFF followed by neither a stuffed zero (in JPEG-LS a bit) nor a restart. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let i = bytes.indexOf(0xff, start); i >= 0 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
    const next = bytes[i + 1]!;
    if (next >= 0x80 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return i;
  }
  throw corruptJpeg("the end of a scan", "the end of the data");
}

function startsWith(segment: Uint8Array, letters: string): boolean {
  return Array.from(letters).every((letter, i) => segment[i] === letter.charCodeAt(0));
}
