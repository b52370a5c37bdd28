/**
 * GIF, all frames: each as one sees it, laid over what the frames before have left.
 *
 * Shapes    [frames, height, width] of the whole screen; a still picture has one frame.
 * Palette   indices with one palette, as long as all frames share it; otherwise colors.
 * Alpha     transparent pixels of the first frame show their color; those of later ones what lies below.
 * Errors    `ERR_IMAGE_CORRUPT`: any pixel or the closing mark is missing. `ERR_IMAGE_TOO_LARGE`.
 * Source    Graphics Interchange Format, version 89a (CompuServe, 1990).
 */

import { checkNumSamples } from "../limits.ts";
import { expandLzw } from "./lzw.ts";
import type { Raster } from "./raster.ts";
import { corruptImage } from "./raster-error.ts";

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const CONTROL_EXTENSION = 0xf9;
const TRAILER = 0x3b;

/** Pixels that a byte of LZW can stand for at most. */
const MAX_RATIO = 4096;

export function isGif(bytes: Uint8Array): boolean {
  return /^GIF8[79]a$/.test(String.fromCharCode(...bytes.subarray(0, 6)));
}

export function decodeGif(bytes: Uint8Array, name: string): Raster<Uint8Array> {
  const { width, height, background, frames } = readFrames(bytes, name);
  const [first] = frames;
  if (first === undefined) throw corruptImage(name, "it has no picture");
  const isShared = frames.every(({ palette }) => isEqual(palette, first.palette));
  const channels = isShared ? 1 : 3;
  const frameSize = width * height * channels;
  const numSamples = checkNumSamples(name, width, height, frames.length, channels);
  if (numSamples > bytes.length * MAX_RATIO) throw corruptImage(name, `too short for ${width} x ${height} pixels`);
  const data = new Uint8Array(numSamples);
  const screen = new Uint8Array(frameSize);
  const put = (pixel: number, index: number, palette: Uint8Array) => {
    if (isShared) screen[pixel] = index;
    else for (let c = 0; c < 3; c++) screen[pixel * 3 + c] = palette[index * 3 + c] ?? 0;
  };
  for (let pixel = 0; pixel < width * height; pixel++) put(pixel, background, first.palette);
  for (const [i, frame] of frames.entries()) {
    const indices = expandFrame(frame, name);
    const before = frame.disposal === 3 ? screen.slice() : undefined;
    forEachPixel(frame, width, (pixel, from) => {
      if (i === 0 || indices[from] !== frame.transparent) put(pixel, indices[from]!, frame.palette);
    });
    data.set(screen, i * frameSize);
    if (before) screen.set(before);
    if (frame.disposal === 2) forEachPixel(frame, width, (pixel) => put(pixel, background, frame.palette));
  }
  return { shape: [frames.length, height, width], channels, data, palette: isShared ? first.palette : undefined };
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly isInterlaced: boolean;
  readonly palette: Uint8Array;
  /** What becomes of the frame when the next one comes: 2 wiped out, 3 undone. */
  readonly disposal: number;
  readonly transparent: number | undefined;
  readonly valueBits: number;
  readonly codes: Uint8Array;
}

function readFrames(bytes: Uint8Array, name: string) {
  const reader = new Reader(bytes, name);
  reader.take(6);
  const [width, height] = [reader.uint16(), reader.uint16()];
  if (width === 0 || height === 0) throw corruptImage(name, `its header says ${width} x ${height} pixels`);
  checkNumSamples(name, width, height);
  const flags = reader.uint8();
  const background = reader.uint8();
  reader.uint8();
  const globalPalette = flags & 0x80 ? reader.take(3 << ((flags & 7) + 1)) : undefined;
  const frames: Frame[] = [];
  let disposal = 0;
  let transparent: number | undefined;
  for (let kind = reader.uint8(); kind !== TRAILER; kind = reader.uint8()) {
    if (kind === IMAGE) {
      frames.push({ ...readImage(reader, globalPalette, name), disposal, transparent });
      [disposal, transparent] = [0, undefined];
      checkNumSamples(name, width, height, frames.length);
    } else if (kind === EXTENSION) {
      const label = reader.uint8();
      const content = reader.blocks();
      if (label !== CONTROL_EXTENSION) continue;
      disposal = (content[0]! >> 2) & 7;
      transparent = content[0]! & 1 ? content[3] : undefined;
    } else throw corruptImage(name, `an unknown block, ${kind}`);
  }
  return { width, height, background, frames };
}

function readImage(reader: Reader, globalPalette: Uint8Array | undefined, name: string) {
  const [x, y, width, height] = [reader.uint16(), reader.uint16(), reader.uint16(), reader.uint16()];
  const flags = reader.uint8();
  const palette = flags & 0x80 ? reader.take(3 << ((flags & 7) + 1)) : globalPalette;
  if (palette === undefined) throw corruptImage(name, "its palette is missing");
  const valueBits = reader.uint8();
  if (valueBits < 1 || valueBits > 8) throw corruptImage(name, `values of ${valueBits} bits`);
  return { x, y, width, height, isInterlaced: (flags & 0x40) !== 0, palette, valueBits, codes: reader.blocks() };
}

/** Indices in the order of the file. */
function expandFrame({ width, height, valueBits, codes }: Frame, name: string): Uint8Array {
  if (width * height > codes.length * MAX_RATIO) throw corruptImage(name, "a frame ends early");
  const indices = new Uint8Array(width * height);
  expandLzw(codes, { valueBits, isHighBitFirst: false, early: 0 }, indices, name);
  return indices;
}

/** Calls back with each pixel's place on the screen and in the file; what lies outside the screen is left out. */
function forEachPixel(frame: Frame, screenWidth: number, visit: (pixel: number, from: number) => void): void {
  const rows = frame.isInterlaced ? interlacedRows(frame.height) : undefined;
  for (let line = 0; line < frame.height; line++) {
    const row = frame.y + (rows ? rows[line]! : line);
    for (let column = 0; column < frame.width && frame.x + column < screenWidth; column++) {
      visit(row * screenWidth + frame.x + column, line * frame.width + column);
    }
  }
}

/** Every eighth row, those between them, and so on. */
function interlacedRows(height: number): number[] {
  const rows: number[] = [];
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let row = start; row < height; row += step) rows.push(row);
  }
  return rows;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #position = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  take(count: number): Uint8Array {
    const start = this.#position;
    if (start + count > this.#bytes.length) throw corruptImage(this.#name, "it ends early");
    this.#position += count;
    return this.#bytes.subarray(start, start + count);
  }

  uint8(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    const [low, high] = this.take(2);
    return low! | (high! << 8);
  }

  /** Blocks of up to 255 bytes, led by their lengths, up to an empty one. */
  blocks(): Uint8Array {
    const start = this.#position;
    let total = 0;
    for (let length = this.uint8(); length > 0; length = this.uint8()) {
      this.take(length);
      total += length;
    }
    const content = new Uint8Array(total);
    for (let from = start, to = 0; to < total; ) {
      const length = this.#bytes[from]!;
      content.set(this.#bytes.subarray(from + 1, from + 1 + length), to);
      from += 1 + length;
      to += length;
    }
    return content;
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}
