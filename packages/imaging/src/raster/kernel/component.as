// A component of a picture as jpeg-memory.ts lays it out: ten numbers of 32 bits.

export const COMPONENT_BYTES: usize = 48;

@unmanaged
export class Component {
  /** Address of the Huffman tables in the scan. */
  dcTable: usize;
  acTable: usize;
  /** Address of the steps, see `Steps`. */
  steps: usize;
  /** Address of the samples, and how many there are in a row, a multiple of 8. */
  plane: usize;
  stride: u32;
  /** Blocks a unit of the scan, across and down: both 1 where the component has the scan to itself. */
  across: u32;
  down: u32;
  /** The last DC value: what the next one is a difference from. */
  lastDc: i32;
  /** Address of the coefficients of a progressive picture, and blocks in a row. */
  coefficients: usize;
  blocksInRow: u32;
}

// @ts-ignore: decorator
@inline
export function componentAt(components: usize, index: u32): Component {
  return changetype<Component>(components + (index as usize) * COMPONENT_BYTES);
}

/**
 * Steps of quantization, 64 numbers of 32 bits in zigzag order: the step in the upper half, twice the coefficient's place
 * in the lower one; then 64 of 16 bits in the order of rows.
 */
export const STEPS_IN_ROWS: usize = 256;
