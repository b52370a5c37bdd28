/**
 * HMAC-SHA-256, synchronous and the same in Node and the browser (whose own is asynchronous: a header has hundreds of
 * UIDs, and waiting for each would cost more than its hash).
 *
 * Source   FIPS 180-4, FIPS 198-1.
 */

const blockBytes = 64;

/** @returns 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes);
  block.set(key.length > blockBytes ? sha256(key) : key);
  const inner = sha256(
    concatenate(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return sha256(
    concatenate(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

/** @returns 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / blockBytes) * blockBytes);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = Uint32Array.from(initialState);
  const schedule = new Uint32Array(64);
  for (let start = 0; start < padded.length; start += blockBytes) compress(state, view, start, schedule);
  const digest = new Uint8Array(32);
  const digestView = new DataView(digest.buffer);
  for (const [i, word] of state.entries()) digestView.setUint32(4 * i, word);
  return digest;
}

/** Mixes one block into the state. @param schedule [64], scratch. */
function compress(state: Uint32Array, view: DataView, start: number, schedule: Uint32Array): void {
  for (let i = 0; i < 16; i++) schedule[i] = view.getUint32(start + 4 * i);
  for (let i = 16; i < 64; i++) {
    const [early, late] = [schedule[i - 15]!, schedule[i - 2]!];
    const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    schedule[i] = schedule[i - 16]! + s0 + schedule[i - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Words;
  for (let i = 0; i < 64; i++) {
    const mixedE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + mixedE + choice + roundConstants[i]! + schedule[i]!) | 0;
    const mixedA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + mixedA + majority) | 0];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i]! += word;
}

type Words = [number, number, number, number, number, number, number, number];

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** The first 32 bits of the fractional part of a root of each of the first primes: exact enough in a double. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const words: number[] = [];
  for (let candidate = 2; words.length < count; candidate++) {
    let divisor = 2;
    while (candidate % divisor !== 0) divisor++;
    if (divisor === candidate) words.push(Math.floor((root(candidate) % 1) * 2 ** 32));
  }
  return Uint32Array.from(words);
}

const initialState = fractions(8, Math.sqrt);
const roundConstants = fractions(64, Math.cbrt);
