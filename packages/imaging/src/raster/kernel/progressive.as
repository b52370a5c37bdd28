// Scans of a progressive JPEG: each adds coefficients, or a bit to coefficients, of all blocks.
//
// Source: ITU-T T.81 (1992), annex G.

import { isOverrun, refill, signed, take } from "./bit-reader";
import { Component, componentAt } from "./component";
import { NO_SYMBOL, takeSymbol } from "./huffman";

const ZIGZAG = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35,
  42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Blocks that still belong to a run of ends. */
let endRun: u32 = 0;

/** At the start of a segment. */
export function beginProgressive(components: usize, numComponents: u32): void {
  endRun = 0;
  for (let i: u32 = 0; i < numComponents; i++) componentAt(components, i).lastDc = 0;
}

// @ts-ignore: decorator
@inline
function blockAt(component: Component, row: u32, column: u32): usize {
  return component.coefficients + (row * component.blocksInRow + column) * 128;
}

export function decodeDcFirst(
  components: usize,
  numComponents: u32,
  unitsInRow: u32,
  first: u32,
  numUnits: u32,
  low: u32,
): bool {
  for (let unit = first; unit < first + numUnits; unit++) {
    const unitRow = unit / unitsInRow;
    const unitColumn = unit % unitsInRow;
    for (let i: u32 = 0; i < numComponents; i++) {
      const component = componentAt(components, i);
      for (let y: u32 = 0; y < component.down; y++) {
        for (let x: u32 = 0; x < component.across; x++) {
          refill();
          const size = takeSymbol(component.dcTable);
          if (size > 15) return false;
          if (size != 0) component.lastDc += signed(take(size), size);
          const at = blockAt(component, unitRow * component.down + y, unitColumn * component.across + x);
          store<i16>(at, (component.lastDc << low) as i16);
        }
      }
    }
    if (isOverrun()) return false;
  }
  return true;
}

export function decodeDcRefinement(
  components: usize,
  numComponents: u32,
  unitsInRow: u32,
  first: u32,
  numUnits: u32,
  low: u32,
): bool {
  for (let unit = first; unit < first + numUnits; unit++) {
    const unitRow = unit / unitsInRow;
    const unitColumn = unit % unitsInRow;
    for (let i: u32 = 0; i < numComponents; i++) {
      const component = componentAt(components, i);
      for (let y: u32 = 0; y < component.down; y++) {
        for (let x: u32 = 0; x < component.across; x++) {
          refill();
          const at = blockAt(component, unitRow * component.down + y, unitColumn * component.across + x);
          store<i16>(at, load<i16>(at) | ((take(1) << low) as i16));
        }
      }
    }
    if (isOverrun()) return false;
  }
  return true;
}

/** @param from, to First and last coefficient, in zigzag order. */
export function decodeAcFirst(
  component: Component,
  unitsInRow: u32,
  first: u32,
  numUnits: u32,
  from: u32,
  to: u32,
  low: u32,
): bool {
  for (let unit = first; unit < first + numUnits; unit++) {
    if (endRun > 0) {
      endRun--;
      continue;
    }
    const block = blockAt(component, unit / unitsInRow, unit % unitsInRow);
    for (let k = from; k <= to; k++) {
      refill();
      const symbol = takeSymbol(component.acTable);
      if (symbol == NO_SYMBOL) return false;
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size == 0 && run < 15) {
        endRun = (1 << run) - 1;
        if (run > 0) endRun += take(run);
        break;
      }
      k += run;
      if (size == 0) continue;
      if (k > to) return false;
      const value = signed(take(size), size) << low;
      store<i16>(block + ((load<u8>(ZIGZAG + k) as usize) << 1), value as i16);
    }
    if (isOverrun()) return false;
  }
  return true;
}

/** One more bit for each coefficient that has a value, and new ones of size 1 between them. */
export function decodeAcRefinement(
  component: Component,
  unitsInRow: u32,
  first: u32,
  numUnits: u32,
  from: u32,
  to: u32,
  low: u32,
): bool {
  const one: i32 = 1 << low;
  for (let unit = first; unit < first + numUnits; unit++) {
    const block = blockAt(component, unit / unitsInRow, unit % unitsInRow);
    let k = from;
    for (; endRun == 0 && k <= to; k++) {
      refill();
      const symbol = takeSymbol(component.acTable);
      if (symbol == NO_SYMBOL) return false;
      let run = symbol >> 4;
      let value: i32 = 0;
      if ((symbol & 15) != 0) {
        if ((symbol & 15) != 1) return false;
        value = take(1) ? one : -one;
      } else if (run < 15) {
        endRun = 1 << run;
        if (run > 0) endRun += take(run);
        break;
      }
      // Passes `run` coefficients without a value, and refines those with one on the way.
      for (; k <= to; k++) {
        const at = block + ((load<u8>(ZIGZAG + k) as usize) << 1);
        if (load<i16>(at) != 0) refine(at, one);
        else if (run == 0) {
          store<i16>(at, value as i16);
          break;
        } else run--;
      }
      if (k > to && value != 0) return false;
    }
    if (endRun > 0) {
      for (; k <= to; k++) {
        const at = block + ((load<u8>(ZIGZAG + k) as usize) << 1);
        if (load<i16>(at) != 0) refine(at, one);
      }
      endRun--;
    }
    if (isOverrun()) return false;
  }
  return true;
}

function refine(at: usize, one: i32): void {
  refill();
  const value: i32 = load<i16>(at);
  if (take(1) && (value & one) == 0) store<i16>(at, (value < 0 ? value - one : value + one) as i16);
}
