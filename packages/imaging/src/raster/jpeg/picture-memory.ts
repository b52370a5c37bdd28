/**
 * Where a JPEG picture lies in the kernel's memory: compressed bytes, tables, planes and coefficients.
 *
 * Layout   of a component and of its steps: kernel/component.as. Planes reach to the end of the last unit.
 */

import { Addresses, type Kernel, openKernel } from "../kernel/kernel.ts";
import { HUFFMAN_BYTES } from "./huffman.ts";
import type { Frame, FrameComponent } from "./segments.ts";

const COMPONENT_BYTES = 48;
const STEPS_BYTES = 384;
const STEPS_IN_ROWS = 256;

// biome-ignore format: rows of eight, as the diagonals run
const ZIGZAG = [
   0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

export interface ComponentMemory extends FrameComponent {
  /** Samples of the picture itself. */
  readonly width: number;
  readonly height: number;
  /** Samples in a row of the plane. */
  readonly stride: number;
  readonly blocksInRow: number;
  readonly blockRows: number;
  readonly plane: number;
  readonly coefficients: number;
  readonly steps: number;
  /** Of its tables in the scan. */
  readonly dcTable: number;
  readonly acTable: number;
}

export interface PictureMemory {
  readonly kernel: Kernel;
  readonly unitsInRow: number;
  readonly unitRows: number;
  readonly components: readonly ComponentMemory[];
  /** Of the components in a scan. */
  readonly scanComponents: number;
  /** Of the bytes as they lie in the file, and as the coder made them. */
  readonly stuffed: number;
  readonly coded: number;
}

/** Blocks of 64 samples of all components: known before any memory is taken. */
export function numBlocks({ width, height, across, down, components }: Frame): number {
  const units = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  return components.reduce((sum, component) => sum + units * component.across * component.down, 0);
}

/** @param maxScanBytes No scan is longer. */
export function layOut(frame: Frame, maxScanBytes: number): PictureMemory {
  const addresses = new Addresses();
  const unitsInRow = Math.ceil(frame.width / (8 * frame.across));
  const unitRows = Math.ceil(frame.height / (8 * frame.down));
  const scanComponents = addresses.take(COMPONENT_BYTES * 4);
  const stuffed = addresses.take(maxScanBytes + 32);
  const coded = addresses.take(maxScanBytes + 32);
  const components = frame.components.map((component): ComponentMemory => {
    const blocksInRow = unitsInRow * component.across;
    const blockRows = unitRows * component.down;
    return {
      ...component,
      width: Math.ceil((frame.width * component.across) / frame.across),
      height: Math.ceil((frame.height * component.down) / frame.down),
      stride: blocksInRow * 8,
      ...{ blocksInRow, blockRows },
      dcTable: addresses.take(HUFFMAN_BYTES),
      acTable: addresses.take(HUFFMAN_BYTES),
      steps: addresses.take(STEPS_BYTES),
      plane: addresses.take(blocksInRow * blockRows * 64),
      coefficients: addresses.take(frame.isProgressive ? blocksInRow * blockRows * 128 : 0),
    };
  });
  const kernel = openKernel(addresses.numBytes);
  if (frame.isProgressive) {
    for (const { coefficients, blocksInRow, blockRows } of components) {
      kernel.bytes.fill(0, coefficients, coefficients + blocksInRow * blockRows * 128);
    }
  }
  return { kernel, unitsInRow, unitRows, components, scanComponents, stuffed, coded };
}

export function writeSteps({ buffer }: Uint8Array<ArrayBuffer>, address: number, steps: Uint16Array): void {
  const inZigzag = new Uint32Array(buffer, address, 64);
  const inRows = new Uint16Array(buffer, address + STEPS_IN_ROWS, 64);
  for (const [i, place] of ZIGZAG.entries()) {
    inZigzag[i] = (steps[i]! << 16) | (2 * place);
    inRows[place] = steps[i]!;
  }
}

/** The `index`-th component of a scan. @param isAlone It has the scan to itself, so that a unit is one block. */
export function writeComponent(
  { kernel, scanComponents }: PictureMemory,
  index: number,
  component: ComponentMemory,
  isAlone: boolean,
): number {
  const { dcTable, acTable, steps, plane, stride, across, down, coefficients, blocksInRow } = component;
  const address = scanComponents + COMPONENT_BYTES * index;
  const [unitAcross, unitDown] = isAlone ? [1, 1] : [across, down];
  new Uint32Array(kernel.bytes.buffer, address, 10).set([
    ...[dcTable, acTable, steps, plane, stride, unitAcross, unitDown, 0, coefficients, blocksInRow],
  ]);
  return address;
}
