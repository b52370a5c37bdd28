/**
 * All pairs of 64-bit hashes that differ in few bits, without comparing each with each.
 *
 * Idea     two hashes that differ in at most k bits are equal in at least two of k + 2 blocks of bits. For each pair of
 *          blocks the hashes are sorted by these bits; only neighbors with equal ones are compared. A pair is told in
 *          the first such table that has it, so once.
 * Shapes   `high` and `low` are [N]: the two halves of each hash.
 * Memory   8 bytes a hash beside the hashes themselves.
 * Cost     where many pictures look alike most blocks are equal too, and it nears that of comparing each with each:
 *          `affordableDistance` says how many bits can be allowed.
 * Source   Manku et al., "Detecting near-duplicates for web crawling", WWW 2007.
 */

import { Random } from "../random.ts";

export interface Hashes {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** Calls `visit` once for each pair that differs in at most `distance` bits (0 to 12). */
export function visitNearPairs({ high, low }: Hashes, distance: number, visit: (a: number, b: number) => void): void {
  const blocks = blocksOf(distance + 2);
  const entries = new BigUint64Array(high.length);
  // The upper half of an entry is what it is sorted by, the lower half the hash's number (little-endian machines).
  const words = new Uint32Array(entries.buffer);
  for (let first = 0; first < blocks.length; first++) {
    for (let second = first + 1; second < blocks.length; second++) {
      const [a, b] = [blocks[first]!, blocks[second]!];
      for (let i = 0; i < high.length; i++) {
        const x = (high[i]! & a.high) ^ (Math.imul(low[i]! & a.low, 0x9e3779b1) >>> 0);
        const y = (high[i]! & b.high) ^ (Math.imul(low[i]! & b.low, 0x85ebca6b) >>> 0);
        words[2 * i] = i;
        words[2 * i + 1] = Math.imul(x ^ (x >>> 15), 0xc2b2ae35) ^ Math.imul(y ^ (y >>> 13), 0x27d4eb2f);
      }
      entries.sort();
      for (let from = 0, until = 0; from < high.length; from = until) {
        const key = words[2 * from + 1]!;
        for (until = from + 1; until < high.length && words[2 * until + 1] === key; ) until++;
        for (let i = from; i < until - 1; i++) {
          const one = words[2 * i]!;
          const [oneHigh, oneLow] = [high[one]!, low[one]!];
          for (let j = i + 1; j < until; j++) {
            const other = words[2 * j]!;
            const differentHigh = oneHigh ^ high[other]!;
            const differentLow = oneLow ^ low[other]!;
            if (bitCount(differentHigh) + bitCount(differentLow) > distance) continue;
            if (isFirstTable(blocks, first, second, differentHigh, differentLow)) visit(one, other);
          }
        }
      }
    }
  }
}

/**
 * The largest distance, from 6 downwards, whose search compares at most `maxComparisons` pairs and finds at most a tenth
 * as many, judged by a sample; 0 at the least.
 */
export function affordableDistance({ high, low }: Hashes, maxComparisons: number): number {
  const count = Math.min(high.length, SAMPLE);
  const order = new Random(high.length).shuffle(Array.from({ length: high.length }, (_, i) => i)).slice(0, count);
  const scale = (high.length / Math.max(count, 1)) ** 2;
  for (let distance = MAX_DISTANCE; distance > 0; distance--) {
    const blocks = blocksOf(distance + 2);
    let [comparisons, hits] = [0, 0];
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        const [one, other] = [order[i]!, order[j]!];
        const differentHigh = high[one]! ^ high[other]!;
        const differentLow = low[one]! ^ low[other]!;
        let numEqual = 0;
        for (const block of blocks) {
          if (((differentHigh & block.high) | (differentLow & block.low)) === 0) numEqual += 1;
        }
        comparisons += (numEqual * (numEqual - 1)) / 2;
        if (bitCount(differentHigh) + bitCount(differentLow) <= distance) hits += 1;
      }
    }
    if (comparisons * scale <= maxComparisons && hits * scale * 10 <= maxComparisons) return distance;
  }
  return 0;
}

const MAX_DISTANCE = 6;
const SAMPLE = 2000;

/** Which bits belong to a block. */
interface Block {
  readonly high: number;
  readonly low: number;
}

function blocksOf(count: number): Block[] {
  return Array.from({ length: count }, (_, block) => {
    let [high, low] = [0, 0];
    for (let bit = Math.floor((64 * block) / count); bit < Math.floor((64 * (block + 1)) / count); bit++) {
      if (bit < 32) low |= 1 << bit;
      else high |= 1 << (bit - 32);
    }
    return { high, low };
  });
}

/** Whether the pair's first two equal blocks are these two. */
function isFirstTable(blocks: readonly Block[], first: number, second: number, high: number, low: number): boolean {
  for (let i = 0; i <= second; i++) {
    const isEqual = ((high & blocks[i]!.high) | (low & blocks[i]!.low)) === 0;
    if (i === first || i === second ? !isEqual : isEqual) return false;
  }
  return true;
}

export function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
