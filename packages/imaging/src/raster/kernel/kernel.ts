/**
 * The compiled inner loops of JPEG, PNG, resizing and measuring; see README.md. One instance in each thread.
 *
 * Memory   the kernel allocates nothing: whoever opens it lays out `numBytes` from `KERNEL_START` on, and has it until the
 *          next one opens it. What was there before is still there.
 */

import { kernelBytes } from "./kernel-bytes.ts";

/** Below it are the kernel's constants. */
export const KERNEL_START = 65536;

const PAGE = 65536;
/** Memory only grows; an instance that had to hold a larger picture is not kept for small ones. */
const KEPT_BYTES = 2 ** 26;

type Address = number;

export interface KernelFunctions {
  unstuff(from: Address, end: Address, to: Address): number;
  stoppedAt(): Address;
  beginSegment(start: Address, size: number): void;
  consumedBits(): number;
  decodeSequential(
    components: Address,
    numComponents: number,
    unitsInRow: number,
    first: number,
    count: number,
  ): number;
  beginProgressive(components: Address, numComponents: number): void;
  decodeDcFirst: DecodeDc;
  decodeDcRefinement: DecodeDc;
  decodeAcFirst: DecodeAc;
  decodeAcRefinement: DecodeAc;
  transformPlane(component: Address, blockRows: number): void;
  removeFilters(from: Address, to: Address, stride: number, height: number, pixelBytes: number): number;
  swapPairs(at: Address, numBytes: number): void;
  measure8(from: Address, count: number, to: Address): void;
  measure16(from: Address, count: number, to: Address): void;
  bitsOf16(from: Address, count: number): number;
  sumCells(
    from: Address,
    size: number,
    width: number,
    height: number,
    edges: Address,
    columns: number,
    rows: number,
    cells: Address,
  ): void;
  lookUp16(from: Address, to: Address, count: number, table: Address): void;
  resizeRows8: ResizeRows;
  resizeRows16: ResizeRows;
  resizeRows16s: ResizeRows;
  resizeColumns8: ResizeColumns;
  resizeColumns16: ResizeColumns;
  resizeColumns16s: ResizeColumns;
}

type ResizeRows = (
  from: Address,
  to: Address,
  rows: number,
  width: number,
  channels: number,
  target: number,
  first: Address,
  weights: Address,
  numTaps: number,
  row: Address,
) => void;

type ResizeColumns = (
  from: Address,
  to: Address,
  stride: number,
  target: number,
  first: Address,
  weights: Address,
  numTaps: number,
) => void;

type DecodeDc = (
  components: Address,
  numComponents: number,
  unitsInRow: number,
  first: number,
  count: number,
  low: number,
) => number;

type DecodeAc = (
  component: Address,
  unitsInRow: number,
  first: number,
  count: number,
  from: number,
  to: number,
  low: number,
) => number;

export interface Kernel extends KernelFunctions {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

let module: WebAssembly.Module | undefined;
let instance: WebAssembly.Instance | undefined;

/** @param numBytes From `KERNEL_START` on. */
export function openKernel(numBytes: number): Kernel {
  module ??= new WebAssembly.Module(Uint8Array.from(atob(kernelBytes), (letter) => letter.charCodeAt(0)));
  if (instance && memoryOf(instance).buffer.byteLength > KEPT_BYTES && numBytes < KEPT_BYTES) instance = undefined;
  instance ??= new WebAssembly.Instance(module, {});
  const memory = memoryOf(instance);
  const missing = KERNEL_START + numBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return { ...(instance.exports as unknown as KernelFunctions), bytes: new Uint8Array(memory.buffer) };
}

function memoryOf({ exports }: WebAssembly.Instance): WebAssembly.Memory {
  return exports["memory"] as WebAssembly.Memory;
}

/** Hands out addresses one after the other, each a multiple of 16. */
export class Addresses {
  #next = KERNEL_START;

  take(numBytes: number): Address {
    const address = this.#next;
    this.#next += Math.ceil(numBytes / 16) * 16;
    return address;
  }

  /** Bytes that were handed out, and some to read and write beyond the last of them. */
  get numBytes(): number {
    return this.#next - KERNEL_START + 64;
  }
}
