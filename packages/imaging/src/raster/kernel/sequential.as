// Scans of a sequential JPEG: every block is decoded, multiplied by its steps and transformed on the spot.

import { bigEndian, bits, count, isOverrun, next, refill, save, signed, take } from "./bit-reader";
import { Component, componentAt } from "./component";
import { entryAt, NO_SYMBOL, takeLongSymbol, takeSymbol } from "./huffman";
import { transformBlock } from "./transform";

/** 64 coefficients in the order of rows, all 0 between two blocks. */
const block = memory.data(128, 16);

/**
 * Decodes `numUnits` units, from number `first` on, out of the segment that has been begun.
 *
 * @returns Whether all codes were ones, and none came from beyond the segment's end.
 */
export function decodeSequential(
  components: usize,
  numComponents: u32,
  unitsInRow: u32,
  first: u32,
  numUnits: u32,
): bool {
  for (let i: u32 = 0; i < numComponents; i++) componentAt(components, i).lastDc = 0;
  // A block that broke off may have left something.
  memory.fill(block, 0, 128);
  for (let unit = first; unit < first + numUnits; unit++) {
    const unitRow = unit / unitsInRow;
    const unitColumn = unit % unitsInRow;
    for (let i: u32 = 0; i < numComponents; i++) {
      const component = componentAt(components, i);
      const stride = component.stride;
      for (let y: u32 = 0; y < component.down; y++) {
        let to = component.plane + (unitRow * component.down + y) * stride * 8 + unitColumn * component.across * 8;
        for (let x: u32 = 0; x < component.across; x++, to += 8) {
          const end = decodeBlock(component);
          if (end == 0) return false;
          transformBlock(block, end, to, stride);
        }
      }
    }
    if (isOverrun()) return false;
  }
  return true;
}

/** @returns The number of coefficients up to the last one that is not 0, at least 1; 0 where a code is none. */
function decodeBlock(component: Component): u32 {
  const steps = component.steps;
  const table = component.acTable;
  refill();
  const size = takeSymbol(component.dcTable);
  if (size > 15) return 0;
  if (size != 0) component.lastDc += signed(take(size), size);
  store<i16>(block, (component.lastDc * ((load<u32>(steps) >> 16) as i32)) as i16);
  let b = bits;
  let n = count;
  let p = next;
  // The coefficient that comes next, and the one after the last that has a value.
  let k: u32 = 1;
  let end: u32 = 1;
  while (k < 64) {
    // What is left of the last refill is enough for the look-up, which therefore need not wait for the next one.
    let entry = entryAt(table, b);
    b |= bigEndian(p) >> n;
    p += ((63 - n) >> 3) as usize;
    n |= 56;
    // Shifts look at the lowest 6 bits of a number only, which are the entry's length.
    if (entry & 64) {
      b <<= entry as u64;
      n -= (entry & 63) as u64;
      k += (entry >> 8) & 255;
      if (k > 64) break;
      put(steps, k, (entry as i32) >> 16);
      end = k;
      // A second one, as long as there are bits for a third of any length.
      entry = entryAt(table, b);
      if (entry & 64 && k < 64) {
        b <<= entry as u64;
        n -= (entry & 63) as u64;
        k += (entry >> 8) & 255;
        if (k > 64) break;
        put(steps, k, (entry as i32) >> 16);
        end = k;
      }
      continue;
    }
    let symbol = (entry >> 8) & 255;
    if (entry != 0) {
      b <<= entry as u64;
      n -= (entry & 63) as u64;
    } else {
      save(b, n, p);
      symbol = takeLongSymbol(table);
      if (symbol == NO_SYMBOL) return 0;
      b = bits;
      n = count;
    }
    const valueSize = symbol & 15;
    if (valueSize == 0) {
      // Sixteen zeros, or the end of the block.
      k += symbol == 0xf0 ? 16 : 128;
      continue;
    }
    k += (symbol >> 4) + 1;
    if (k > 64) break;
    put(steps, k, signed((b >> (64 - (valueSize as u64))) as i32, valueSize));
    end = k;
    b <<= valueSize as u64;
    n -= valueSize;
  }
  save(b, n, p);
  // Beyond the block, but not by its end.
  return k > 64 && k < 128 ? 0 : end;
}

/** Puts the coefficient before number `k` to its place. */
// @ts-ignore: decorator
@inline
function put(steps: usize, k: u32, value: i32): void {
  const step = load<u32>(steps + (k << 2) - 4);
  store<i16>(block + (step & 0xffff), (value * ((step >> 16) as i32)) as i16);
}
