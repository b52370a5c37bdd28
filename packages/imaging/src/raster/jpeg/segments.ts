/**
 * The segments of a JPEG file, each led by a marker: what they say, checked.
 *
 * Errors    `ERR_IMAGE_CORRUPT`; `ERR_IMAGE_FORMAT` for arithmetic coding, lossless and 12-bit pictures.
 * Source    ITU-T T.81 (1992), annex B; T.871 (2011) for JFIF; Adobe's technical note 5116 for APP14.
 */

import { corruptImage, foreignImage } from "../raster-error.ts";

export const MARKER = {
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  quantization: 0xdb,
  huffman: 0xc4,
  restartInterval: 0xdd,
  jfif: 0xe0,
  adobe: 0xee,
} as const;

export interface Segment {
  readonly marker: number;
  readonly data: Uint8Array;
  /** Of the byte after it. */
  readonly end: number;
}

export function readSegment(bytes: Uint8Array, start: number, name: string): Segment {
  let position = start;
  if (bytes[position] !== 0xff)
    throw corruptImage(name, position < bytes.length ? "a marker is missing" : "it ends early");
  // More of the same may fill the space before a marker.
  while (bytes[position] === 0xff) position++;
  const marker = bytes[position]!;
  if (marker === MARKER.endOfImage) return { marker, data: new Uint8Array(), end: position + 1 };
  const length = (bytes[position + 1]! << 8) | bytes[position + 2]!;
  const end = position + 1 + length;
  if (!(length >= 2 && end <= bytes.length)) throw corruptImage(name, "it ends early");
  return { marker, data: bytes.subarray(position + 3, end), end };
}

export interface FrameComponent {
  readonly id: number;
  /** Samples across and down for each unit of the picture. */
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly FrameComponent[];
  /** The largest of the components'. */
  readonly across: number;
  readonly down: number;
}

/** Whether the marker begins a frame: SOF0 to SOF15. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

export function parseFrame({ marker, data }: Segment, name: string): Frame {
  const kind = marker - 0xc0;
  const [precision, heightHigh, heightLow, widthHigh, widthLow, numComponents] = data;
  if (kind > 2 || precision !== 8) {
    throw foreignImage(
      name,
      `expected a JPEG of 8 bits, sequential or progressive, got kind ${kind} of ${precision} bits`,
    );
  }
  const [width, height] = [(widthHigh! << 8) | widthLow!, (heightHigh! << 8) | heightLow!];
  const components = Array.from({ length: numComponents ?? 0 }, (_, i): FrameComponent => {
    const [id, factors, quantization] = data.subarray(6 + 3 * i);
    return { id: id!, across: factors! >> 4, down: factors! & 15, quantization: quantization! };
  });
  const isSound = components.every(
    ({ across, down, quantization }) => isFactor(across) && isFactor(down) && quantization < 4,
  );
  if (
    width === 0 ||
    height === 0 ||
    ![1, 3, 4].includes(components.length) ||
    data.length < 6 + 3 * components.length ||
    !isSound
  ) {
    throw corruptImage(name, `its header says ${width} x ${height} pixels of ${numComponents} components`);
  }
  // A component alone is not divided into units, whatever its factors say.
  const alone = components.length === 1;
  return {
    ...{ width, height, isProgressive: kind === 2 },
    components: alone ? components.map((component) => ({ ...component, across: 1, down: 1 })) : components,
    across: alone ? 1 : Math.max(...components.map(({ across }) => across)),
    down: alone ? 1 : Math.max(...components.map(({ down }) => down)),
  };
}

function isFactor(factor: number): boolean {
  return factor >= 1 && factor <= 4;
}

export interface ScanHeader {
  readonly components: readonly { readonly index: number; readonly dcTable: number; readonly acTable: number }[];
  /** First and last coefficient, in zigzag order. */
  readonly from: number;
  readonly to: number;
  /** Bits by which the coefficients were shifted before, 0 in a first scan, and are now. */
  readonly high: number;
  readonly low: number;
}

export function parseScan({ data }: Segment, frame: Frame, name: string): ScanHeader {
  const count = data[0] ?? 0;
  const components = Array.from({ length: count }, (_, i) => {
    const [id, tables] = data.subarray(1 + 2 * i);
    return { index: frame.components.findIndex((one) => one.id === id), dcTable: tables! >> 4, acTable: tables! & 15 };
  });
  const [from, to, approximation] = data.subarray(1 + 2 * count);
  const scan = { components, from: from!, to: to!, high: approximation! >> 4, low: approximation! & 15 };
  const isSound =
    count >= 1 &&
    approximation !== undefined &&
    new Set(components.map(({ index }) => index)).size === count &&
    components.every(({ index, dcTable, acTable }) => index >= 0 && dcTable < 4 && acTable < 4) &&
    (frame.isProgressive ? isProgression(scan) : true);
  if (!isSound) throw corruptImage(name, "the header of a scan is wrong");
  return scan;
}

/** DC alone, or AC of one component; a refinement adds one bit. */
function isProgression({ components, from, to, high, low }: ScanHeader): boolean {
  const isBand = from === 0 ? to === 0 : from <= to && to <= 63 && components.length === 1;
  return isBand && low <= 13 && (high === 0 || high === low + 1);
}

export interface HuffmanTable {
  readonly isAc: boolean;
  readonly id: number;
  /** Codes of 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export function parseHuffman({ data }: Segment, name: string): HuffmanTable[] {
  const tables: HuffmanTable[] = [];
  for (let start = 0; start < data.length; ) {
    const kind = data[start]!;
    const counts = data.subarray(start + 1, start + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = data.subarray(start + 17, start + 17 + total);
    const isTooMany = counts.reduce((free, count) => (free < 0 ? free : free * 2 - count), 1) < 0;
    if (counts.length < 16 || symbols.length < total || total > 256 || isTooMany || (kind & 0xec) !== 0) {
      throw corruptImage(name, "a table of codes is wrong");
    }
    tables.push({ isAc: kind >> 4 === 1, id: kind & 15, counts, symbols });
    start += 17 + total;
  }
  return tables;
}

/** Steps of each table that is there, 64 in zigzag order. */
export function parseQuantization({ data }: Segment, name: string): { id: number; steps: Uint16Array }[] {
  const tables: { id: number; steps: Uint16Array }[] = [];
  for (let start = 0; start < data.length; ) {
    const [id, size] = [data[start]! & 15, data[start]! >> 4 === 0 ? 1 : 2];
    const stored = data.subarray(start + 1, start + 1 + 64 * size);
    if (id > 3 || stored.length < 64 * size) throw corruptImage(name, "a table of steps is wrong");
    tables.push({
      id,
      steps: Uint16Array.from({ length: 64 }, (_, i) =>
        size === 1 ? stored[i]! : (stored[2 * i]! << 8) | stored[2 * i + 1]!,
      ),
    });
    start += 1 + 64 * size;
  }
  return tables;
}
