/**
 * JPEG of 8 bits, sequential and progressive: grey, color, four inks; any subsampling, restart marks, any order of scans.
 *
 * Values    to the bit those of libjpeg(-turbo) and Pillow with their defaults; no profile, no rotation by a camera's tag.
 * Speed     codes and transform in the kernel (WebAssembly with SIMD); a picture of 320 pixels is faster than in libjpeg.
 * Errors    `ERR_IMAGE_CORRUPT`: an impossible code, anything missing, data left over: never half a picture. The end mark
 *           may be missing where every block was there, as some archives have it; of a progressive file that is not known.
 *           `ERR_IMAGE_FORMAT`: arithmetic codes, lossless, 12 bits. `ERR_IMAGE_TOO_LARGE`.
 * Source    ITU-T T.81 (1992); T.871 (2011).
 */

import { checkNumSamples } from "../../limits.ts";
import type { Raster } from "../raster.ts";
import { corruptImage } from "../raster-error.ts";
import { type ColorSpace, colorSpaceOf, writeColors } from "./colors.ts";
import type { HuffmanTables } from "./huffman.ts";
import {
  type ComponentMemory,
  layOut,
  numBlocks,
  type PictureMemory,
  writeComponent,
  writeSteps,
} from "./picture-memory.ts";
import { decodeScan } from "./scan.ts";
import {
  type Frame,
  isFrame,
  MARKER,
  parseFrame,
  parseHuffman,
  parseQuantization,
  parseScan,
  readSegment,
} from "./segments.ts";
import { rowReader } from "./upsample.ts";

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === MARKER.startOfImage && bytes[2] === 0xff;
}

export function decodeJpeg(bytes: Uint8Array, name: string): Raster<Uint8Array> {
  const tables: HuffmanTables = { dc: [], ac: [] };
  const steps: Uint16Array[] = [];
  let restartInterval = 0;
  let isJfif = false;
  let transform: number | undefined;
  let frame: Frame | undefined;
  let memory: PictureMemory | undefined;
  const begun = new Set<ComponentMemory>();
  let position = 2;
  const isWhole = () => frame?.isProgressive === false && begun.size === frame.components.length;
  while (position < bytes.length || !isWhole()) {
    const segment = readSegment(bytes, position, name);
    const { marker, data, end } = segment;
    position = end;
    if (marker === MARKER.endOfImage) break;
    if (marker === MARKER.jfif) isJfif ||= hasText(data, "JFIF");
    else if (marker === MARKER.adobe) transform = hasText(data, "Adobe") ? data[11] : transform;
    else if (marker === MARKER.restartInterval) restartInterval = (data[0]! << 8) | data[1]!;
    else if (marker === MARKER.quantization) {
      for (const table of parseQuantization(segment, name)) steps[table.id] = table.steps;
    } else if (marker === MARKER.huffman) {
      for (const table of parseHuffman(segment, name)) tables[table.isAc ? "ac" : "dc"][table.id] = table;
    } else if (isFrame(marker)) {
      if (frame) throw corruptImage(name, "a second header");
      frame = parseFrame(segment, name);
      memory = open(frame, bytes, name);
    } else if (marker === MARKER.startOfScan) {
      if (!frame || !memory) throw corruptImage(name, "its header is missing");
      const scan = parseScan(segment, frame, name);
      for (const { index } of scan.components) begin(memory, memory.components[index]!, steps, begun, name);
      position = decodeScan(bytes, position, memory, frame, scan, tables, restartInterval, name);
    }
  }
  if (!frame || !memory || begun.size < frame.components.length)
    throw corruptImage(name, "a part of the picture is missing");
  return finish(memory, frame, colorSpaceOf(frame, isJfif, transform));
}

function hasText(data: Uint8Array, text: string): boolean {
  return text === String.fromCharCode(...data.subarray(0, text.length));
}

function open(frame: Frame, bytes: Uint8Array, name: string): PictureMemory {
  const { width, height, components } = frame;
  checkNumSamples(name, width, height, components.length);
  // A block takes a bit at least.
  if (numBlocks(frame) > bytes.length * 8) throw corruptImage(name, `too short for ${width} x ${height} pixels`);
  return layOut(frame, bytes.length);
}

/** A component keeps the steps that it has at its first scan. */
function begin(
  { kernel }: PictureMemory,
  component: ComponentMemory,
  steps: readonly Uint16Array[],
  begun: Set<ComponentMemory>,
  name: string,
): void {
  if (begun.has(component)) return;
  const own = steps[component.quantization];
  if (own === undefined) throw corruptImage(name, "a table of steps is missing");
  writeSteps(kernel.bytes, component.steps, own);
  begun.add(component);
}

function finish(memory: PictureMemory, frame: Frame, space: ColorSpace): Raster<Uint8Array> {
  const { kernel, components } = memory;
  const { width, height } = frame;
  if (frame.isProgressive) {
    for (const component of components) {
      kernel.transformPlane(writeComponent(memory, 0, component, false), component.blockRows);
    }
  }
  const shape = [1, height, width] as const;
  const rows = components.map((component) => rowReader(kernel.bytes, component, frame));
  if (components.length === 1) {
    const data = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) data.set(rows[0]!(y), y * width);
    return { shape, channels: 1, data };
  }
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    writeColors(
      space,
      rows.map((row) => row(y)),
      data.subarray(y * width * 3, (y + 1) * width * 3),
    );
  }
  return { shape, channels: 3, data: new Uint8Array(data.buffer) };
}
