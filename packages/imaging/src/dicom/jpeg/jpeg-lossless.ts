/**
 * Lossless JPEG (process 14): every sample is the sum of a prediction from its neighbors and a Huffman-coded difference.
 *
 * Shapes   [rows, columns, components], interleaved, of 2 to 16 bits.
 * Own      the one published decoder in JavaScript ignores the point transform, mixes up 16-bit colors, and takes a stream
 *          that breaks off for a picture with a black end.
 * Errors   `ERR_DICOM_CORRUPT`
 * Source   ITU-T T.81 annex H.
 */

import { BitReader } from "./bit-reader.ts";
import { corruptJpeg } from "./corrupt-jpeg.ts";
import type { HuffmanTable } from "./huffman-table.ts";
import type { JpegScan, JpegStream } from "./jpeg-stream.ts";

/** @throws {MedsslError} `ERR_DICOM_CORRUPT` */
export function decodeLosslessJpeg({ frame, scans }: JpegStream): Uint16Array {
  const { rows, columns, components, precision } = frame;
  if (
    components.some(
      ({ horizontal, vertical }) => horizontal !== components[0]!.horizontal || vertical !== components[0]!.vertical,
    )
  ) {
    throw corruptJpeg("components of one size", "subsampled ones");
  }
  const result = new Uint16Array(rows * columns * components.length);
  const size = { rows, columns, numComponents: components.length, precision };
  for (const scan of scans) decodeScan(scan, size, result);
  return result;
}

interface LosslessSize {
  readonly rows: number;
  readonly columns: number;
  readonly numComponents: number;
  readonly precision: number;
}

function decodeScan(scan: JpegScan, size: LosslessSize, result: Uint16Array): void {
  const { rows, columns, numComponents, precision } = size;
  const { start: predictor, low, restartInterval } = scan;
  if (!(predictor >= 1 && predictor <= 7)) throw corruptJpeg("a predictor of 1 to 7", `${predictor}`);
  const tables = scan.components.map(({ dcTable }) => {
    const table = scan.dcTables[dcTable];
    if (!table) throw corruptJpeg("the Huffman table of a scan", "none");
    return table;
  });
  const reader = new BitReader(scan.data);
  const middle = 1 << (precision - low - 1);
  let untilRestart = restartInterval || Number.POSITIVE_INFINITY;
  /** Prediction begins anew in this row: from `middle`, and from the left all along it. */
  let freshRow = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (untilRestart === 0) {
        reader.restart();
        untilRestart = restartInterval;
        freshRow = row;
      }
      const isFresh = row === freshRow && (column === 0 || untilRestart === restartInterval);
      for (let i = 0; i < tables.length; i++) {
        const at = (row * columns + column) * numComponents + scan.components[i]!.index;
        const prediction = isFresh
          ? middle
          : row === freshRow
            ? result[at - numComponents]!
            : predict(result, at, numComponents, columns * numComponents, column === 0 ? 2 : predictor);
        result[at] = prediction + difference(reader, tables[i]!);
      }
      untilRestart--;
    }
    if (reader.isPastEnd) throw corruptJpeg("the data of all rows", `an end in row ${row} of ${rows}`);
  }
  if (low > 0) {
    for (const { index } of scan.components) {
      for (let at = index; at < result.length; at += numComponents) result[at]! <<= low;
    }
  }
}

/** From a, the sample to the left, b, the one above, and c, above to the left. */
function predict(samples: Uint16Array, at: number, left: number, above: number, predictor: number): number {
  if (predictor === 1) return samples[at - left]!;
  const b = samples[at - above]!;
  if (predictor === 2) return b;
  const a = samples[at - left]!;
  const c = samples[at - above - left]!;
  if (predictor === 3) return c;
  if (predictor === 4) return a + b - c;
  if (predictor === 5) return a + ((b - c) >> 1);
  if (predictor === 6) return b + ((a - c) >> 1);
  return (a + b) >> 1;
}

function difference(reader: BitReader, table: HuffmanTable): number {
  const size = reader.decode(table);
  if (size > 16) throw corruptJpeg("a difference of at most 16 bits", `${size}`);
  return size === 16 ? 32768 : reader.readSigned(size);
}
