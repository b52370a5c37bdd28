/**
 * DCT-based JPEG of 12 bits, sequential and progressive, which the decoder of JPEG files does not read (nor do the
 * WebAssembly codecs of others). It has no limit to 8 bits or 12, which is how its tests get at progressive streams.
 *
 * Shapes     [rows, columns, components], interleaved, 0 to 2^precision - 1; no color transform.
 * Transform  a plain sum over the cosines, in floating point, row by row and then column by column: for a 512 x 512 image
 *            it costs less than reading its bits, and has no error of its own.
 * Sampling   components of lower resolution are repeated, not interpolated.
 * Source     ITU-T T.81 annex A.3.
 */

import { corruptJpeg } from "./corrupt-jpeg.ts";
import { decodeCoefficients, type JpegCoefficients, zigzag } from "./jpeg-coefficients.ts";
import type { JpegStream } from "./jpeg-stream.ts";

/** @throws {MedsslError} `ERR_DICOM_CORRUPT` */
export function decodeDctJpeg(stream: JpegStream): Uint16Array {
  const { rows, columns, components, precision } = stream.frame;
  const numComponents = components.length;
  const horizontal = Math.max(...components.map((component) => component.horizontal));
  const vertical = Math.max(...components.map((component) => component.vertical));
  const result = new Uint16Array(rows * columns * numComponents);
  decodeCoefficients(stream).forEach((coefficients, index) => {
    const component = components[index]!;
    const quantization = stream.quantizations[component.quantization];
    if (!quantization) throw corruptJpeg("a quantization table", "none");
    const samples = samplesOf(coefficients, quantization, precision);
    const stride = coefficients.blockColumns * 8;
    const sampleColumns = Int32Array.from({ length: columns }, (_, x) =>
      Math.floor((x * component.horizontal) / horizontal),
    );
    for (let y = 0; y < rows; y++) {
      const row = Math.floor((y * component.vertical) / vertical) * stride;
      const target = y * columns * numComponents + index;
      for (let x = 0; x < columns; x++) result[target + x * numComponents] = samples[row + sampleColumns[x]!]!;
    }
  });
  return result;
}

/** cosines[u * 8 + x]: what coefficient u adds at position x. */
const cosines = Float64Array.from({ length: 64 }, (_, i) => {
  const u = i >> 3;
  const x = i & 7;
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/** [blockRows * 8, blockColumns * 8] */
function samplesOf(
  { blockRows, blockColumns, values }: JpegCoefficients,
  quantization: Uint16Array,
  precision: number,
) {
  const samples = new Uint16Array(blockRows * blockColumns * 64);
  const factors = new Float64Array(64);
  for (let k = 0; k < 64; k++) factors[zigzag[k]!] = quantization[k]!;
  const middle = 2 ** (precision - 1);
  const largest = 2 ** precision - 1;
  const rowsDone = new Float64Array(64);
  const stride = blockColumns * 8;
  for (let block = 0; block < blockRows * blockColumns; block++) {
    const corner = Math.floor(block / blockColumns) * 8 * stride + (block % blockColumns) * 8;
    transformRows(values, block * 64, factors, rowsDone);
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        let sum = middle + 0.5;
        for (let v = 0; v < 8; v++) sum += cosines[v * 8 + y]! * rowsDone[v * 8 + x]!;
        samples[corner + y * stride + x] = Math.min(Math.max(sum, 0), largest);
      }
    }
  }
  return samples;
}

function transformRows(values: Int16Array, offset: number, factors: Float64Array, result: Float64Array): void {
  result.fill(0);
  for (let i = 0; i < 64; i++) {
    const value = values[offset + i]!;
    if (value === 0) continue;
    const scaled = value * factors[i]!;
    const row = i & ~7;
    const cosine = (i & 7) * 8;
    for (let x = 0; x < 8; x++) result[row + x]! += scaled * cosines[cosine + x]!;
  }
}
