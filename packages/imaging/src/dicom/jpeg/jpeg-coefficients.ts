/**
 * The quantized DCT coefficients of a sequential or progressive JPEG stream, Huffman-coded, of 8 or 12 bits.
 *
 * Shapes   of each component [blockRows, blockColumns, 64], natural order within a block. The blocks cover whole MCUs,
 *          so that there may be more than the picture needs.
 * Errors   `ERR_DICOM_CORRUPT`
 * Source   ITU-T T.81 annexes F and G.
 */

import { BitReader } from "./bit-reader.ts";
import { corruptJpeg } from "./corrupt-jpeg.ts";
import type { HuffmanTable } from "./huffman-table.ts";
import type { JpegScan, JpegStream } from "./jpeg-stream.ts";

export interface JpegCoefficients {
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly values: Int16Array;
}

/** Natural position (row * 8 + column) of each coefficient of the zigzag order. */
export const zigzag = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);

/** One array for each component of the frame. */
export function decodeCoefficients({ frame, scans }: JpegStream): JpegCoefficients[] {
  const { components, rows, columns, process } = frame;
  const horizontal = Math.max(...components.map((component) => component.horizontal));
  const vertical = Math.max(...components.map((component) => component.vertical));
  if (components.some((component) => component.horizontal * component.vertical === 0)) {
    throw corruptJpeg("sampling factors of 1 to 4", "0");
  }
  const mcuRows = Math.ceil(rows / (8 * vertical));
  const mcuColumns = Math.ceil(columns / (8 * horizontal));
  const coefficients = components.map((component) => {
    const blockRows = mcuRows * component.vertical;
    const blockColumns = mcuColumns * component.horizontal;
    return { blockRows, blockColumns, values: new Int16Array(blockRows * blockColumns * 64) };
  });
  for (const scan of scans) {
    const reader = new BitReader(scan.data);
    const decoders = scan.components.map(({ index, dcTable, acTable }) => {
      const tables = { dc: scan.dcTables[dcTable], ac: scan.acTables[acTable] };
      return new BlockDecoder(reader, scan, tables, coefficients[index]!.values, process === "progressive");
    });
    const [first] = scan.components;
    if (scan.components.length === 1 && first) {
      const { horizontal: h, vertical: v } = components[first.index]!;
      const size = {
        rows: Math.ceil(Math.ceil((rows * v) / vertical) / 8),
        columns: Math.ceil(Math.ceil((columns * h) / horizontal) / 8),
      };
      const stride = coefficients[first.index]!.blockColumns;
      walkUnits(reader, scan, size, decoders, (row, column) => decoders[0]!.decode((row * stride + column) * 64));
      continue;
    }
    walkUnits(reader, scan, { rows: mcuRows, columns: mcuColumns }, decoders, (row, column) => {
      scan.components.forEach(({ index }, i) => {
        const { horizontal: h, vertical: v } = components[index]!;
        const stride = coefficients[index]!.blockColumns;
        for (let y = row * v; y < (row + 1) * v; y++) {
          for (let x = column * h; x < (column + 1) * h; x++) decoders[i]!.decode((y * stride + x) * 64);
        }
      });
    });
  }
  return coefficients;
}

/** Every MCU (in scans of one component: block) in turn, with the restarts between them. */
function walkUnits(
  reader: BitReader,
  { restartInterval }: JpegScan,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  decoders: readonly BlockDecoder[],
  decodeUnit: (row: number, column: number) => void,
): void {
  let untilRestart = restartInterval || Number.POSITIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (untilRestart === 0) {
        reader.restart();
        for (const decoder of decoders) decoder.restart();
        untilRestart = restartInterval;
      }
      decodeUnit(row, column);
      untilRestart--;
      if (reader.isPastEnd) throw corruptJpeg("the data of all blocks", `an end in row ${row} of ${rows}`);
    }
  }
}

/** Decodes the blocks of one component in one scan. */
class BlockDecoder {
  readonly #reader: BitReader;
  readonly #scan: JpegScan;
  readonly #dc: HuffmanTable | undefined;
  readonly #ac: HuffmanTable | undefined;
  readonly #values: Int16Array;
  readonly #isProgressive: boolean;
  #lastDc = 0;
  /** Blocks, the present one among them, that have no more coefficients in this scan. */
  #endRun = 0;

  constructor(
    reader: BitReader,
    scan: JpegScan,
    { dc, ac }: { readonly dc: HuffmanTable | undefined; readonly ac: HuffmanTable | undefined },
    values: Int16Array,
    isProgressive: boolean,
  ) {
    this.#reader = reader;
    this.#scan = scan;
    this.#values = values;
    this.#isProgressive = isProgressive;
    const needsAc = !isProgressive || scan.start > 0;
    const needsDc = !isProgressive || (scan.start === 0 && scan.high === 0);
    if ((needsDc && !dc) || (needsAc && !ac)) throw corruptJpeg("the Huffman tables of a scan", "none");
    if (scan.end > 63) throw corruptJpeg("coefficients up to 63", `${scan.end}`);
    this.#dc = dc;
    this.#ac = ac;
  }

  restart(): void {
    this.#lastDc = 0;
    this.#endRun = 0;
  }

  /** Decodes the block whose coefficients begin at `offset`. */
  decode(offset: number): void {
    const { start, end, high, low } = this.#scan;
    if (!this.#isProgressive) {
      this.#firstDc(offset, 0);
      this.#sequentialAc(offset);
    } else if (start === 0) {
      if (high === 0) this.#firstDc(offset, low);
      else if (this.#reader.read(1) === 1) this.#values[offset]! |= 1 << low;
    } else if (high === 0) {
      this.#firstAc(offset, start, end, low);
    } else {
      this.#refineAc(offset, start, end, low);
    }
  }

  #firstDc(offset: number, low: number): void {
    this.#lastDc += this.#reader.readSigned(this.#reader.decode(this.#dc!) & 15);
    this.#values[offset] = this.#lastDc << low;
  }

  #sequentialAc(offset: number): void {
    for (let k = 1; k < 64; k++) {
      const symbol = this.#reader.decode(this.#ac!);
      const size = symbol & 15;
      if (size === 0 && symbol !== 0xf0) return;
      k += symbol >> 4;
      if (size > 0) this.#values[offset + zigzag[k & 63]!] = this.#reader.readSigned(size);
    }
  }

  #firstAc(offset: number, start: number, end: number, low: number): void {
    if (this.#endRun > 0) {
      this.#endRun--;
      return;
    }
    for (let k = start; k <= end; k++) {
      const symbol = this.#reader.decode(this.#ac!);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size === 0 && run < 15) {
        this.#endRun = (1 << run) + this.#reader.read(run) - 1;
        return;
      }
      k += run;
      if (size > 0) this.#values[offset + zigzag[k & 63]!] = this.#reader.readSigned(size) << low;
    }
  }

  #refineAc(offset: number, start: number, end: number, low: number): void {
    let k = start;
    while (this.#endRun === 0 && k <= end) {
      const symbol = this.#reader.decode(this.#ac!);
      const run = symbol >> 4;
      if ((symbol & 15) === 0 && run < 15) {
        this.#endRun = (1 << run) + this.#reader.read(run);
        break;
      }
      const isNew = (symbol & 15) > 0;
      const value = isNew ? (this.#reader.read(1) === 1 ? 1 << low : -1 << low) : 0;
      k = this.#refineUntil(offset, k, end, low, run);
      if (isNew) this.#values[offset + zigzag[k & 63]!] = value;
      k++;
    }
    if (this.#endRun === 0) return;
    this.#refineUntil(offset, k, end, low, 64);
    this.#endRun--;
  }

  /** Adds a bit to the coefficients from `k` on that are not 0, up to the zero after `numZeros` others; returns its place. */
  #refineUntil(offset: number, k: number, end: number, low: number, numZeros: number): number {
    const values = this.#values;
    const bit = 1 << low;
    for (; k <= end; k++) {
      const at = offset + zigzag[k]!;
      const value = values[at]!;
      if (value === 0) {
        if (numZeros-- === 0) break;
      } else if (this.#reader.read(1) === 1 && (value & bit) === 0) {
        values[at] = value + (value > 0 ? bit : -bit);
      }
    }
    return k;
  }
}
