/**
 * The one source of chance in data: seeded, small, equal on every machine. Phantoms, splits and loaders share it.
 *
 * Streams  `new Random(seed, draw)` is a stream of its own: several numbers name it, and each of them matters.
 * State    four 32-bit words, readable and writable, so that a checkpoint can hold the position of a loader.
 * Not for  security, nor for repeating numpy's numbers.
 * Source   xoshiro128**, Blackman & Vigna, "Scrambled linear pseudorandom number generators" (2021).
 */

export type RandomState = readonly [number, number, number, number];

export class Random {
  readonly #words: Uint32Array;

  /** @param seeds One or more finite numbers that name the stream; `new Random(1)` and `new Random(1, 0)` differ. */
  constructor(...seeds: readonly number[]) {
    this.#words = expandSeeds(seeds);
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#words;
    return [a!, b!, c!, d!];
  }

  set state(words: RandomState) {
    this.#words.set(words);
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const words = this.#words;
    const second = words[1]!;
    const result = Math.imul(rotateLeft(Math.imul(second, 5), 7), 9) >>> 0;
    words[2]! ^= words[0]!;
    words[3]! ^= second;
    words[1]! ^= words[2]!;
    words[0]! ^= words[3]!;
    words[2]! ^= second << 9;
    words[3] = rotateLeft(words[3]!, 11);
    return result;
  }

  /** A number in [0, 1), a multiple of 2^-32. */
  next(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number in [0, n), every one equally likely; n from 1 to 2^32. */
  integer(n: number): number {
    const limit = 2 ** 32 - (2 ** 32 % n);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % n;
  }

  /** A draw from the normal distribution of mean 0 and standard deviation 1 (Box-Muller, nothing kept for later). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 2 ** 32));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** Shuffles the array in place (Fisher-Yates) and returns it. */
  shuffle<Item>(array: Item[]): Item[] {
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const item = array[last]!;
      array[last] = array[other]!;
      array[other] = item;
    }
    return array;
  }
}

/** Four well-mixed words, never all zero in practice: MurmurHash3's finalizer over every bit of every seed. */
function expandSeeds(seeds: readonly number[]): Uint32Array {
  const halves = new Uint32Array(Float64Array.from(seeds).buffer);
  let hash = mix(halves.length);
  for (const half of halves) hash = mix(hash ^ half);
  return Uint32Array.from([1, 2, 3, 4], (word) => mix(hash + Math.imul(word, 0x9e3779b9)));
}

function mix(word: number): number {
  let hash = word + 0x6d2b79f5;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
