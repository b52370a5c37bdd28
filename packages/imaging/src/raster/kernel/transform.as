// The inverse cosine transform of a block of 8 x 8 coefficients, exact to the bit with the "slow integer" transform that
// libjpeg and its descendants decode with: a fixed-point form, constants of 13 bits, two bits kept between the passes.
//
// Each pass transforms eight columns at once. As the transform is linear, every output is a sum of products of pairs of
// inputs (i32x4.dot_i16x8_s), so nothing overflows where the coefficients are ones of a real picture.
// Source: Loeffler, Ligtenberg & Moschytz, ICASSP 1989: figure 1 with its constants.

/** Two constants for a pair of inputs. */
// @ts-ignore: decorator
@inline
function pair(a: i32, b: i32): v128 {
  return i32x4.splat((b << 16) | (a & 0xffff));
}

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Products of two pairs, added up. */
// @ts-ignore: decorator
@inline
function twoPairs(a: v128, ca: v128, b: v128, cb: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(a, ca), i32x4.dot_i16x8_s(b, cb));
}

/** Stores a sum and a difference as two rows. */
// @ts-ignore: decorator
@inline
function storeRows(at: usize, sum: usize, difference: usize, evenLow: v128, evenHigh: v128, oddLow: v128, oddHigh: v128, shift: i32): void {
  const sumLow = i32x4.shr_s(i32x4.add(evenLow, oddLow), shift);
  const sumHigh = i32x4.shr_s(i32x4.add(evenHigh, oddHigh), shift);
  const differenceLow = i32x4.shr_s(i32x4.sub(evenLow, oddLow), shift);
  const differenceHigh = i32x4.shr_s(i32x4.sub(evenHigh, oddHigh), shift);
  v128.store(at + sum * 16, i16x8.narrow_i32x4_s(sumLow, sumHigh));
  v128.store(at + difference * 16, i16x8.narrow_i32x4_s(differenceLow, differenceHigh));
}

/** One pass, in place: row r becomes the r-th output of each column, with `plus` added before it is shifted. */
// @ts-ignore: decorator
@inline
function transformColumns(at: usize, plus: i32, shift: i32): void {
  const row1 = v128.load(at, 16);
  const row7 = v128.load(at, 112);
  const row3 = v128.load(at, 48);
  const row5 = v128.load(at, 80);
  const low17 = lowPairs(row1, row7);
  const high17 = highPairs(row1, row7);
  const low35 = lowPairs(row3, row5);
  const high35 = highPairs(row3, row5);
  const low26 = lowPairs(v128.load(at, 32), v128.load(at, 96));
  const high26 = highPairs(v128.load(at, 32), v128.load(at, 96));
  const low04 = lowPairs(v128.load(at), v128.load(at, 64));
  const high04 = highPairs(v128.load(at), v128.load(at, 64));
  const offset = i32x4.splat(plus);

  const sum = pair(8192, 8192);
  const difference = pair(8192, -8192);
  const turn2 = pair(4433, 4433 - 15137);
  const turn3 = pair(4433 + 6270, 4433);
  const low0 = i32x4.add(i32x4.dot_i16x8_s(low04, sum), offset);
  const high0 = i32x4.add(i32x4.dot_i16x8_s(high04, sum), offset);
  const low1 = i32x4.add(i32x4.dot_i16x8_s(low04, difference), offset);
  const high1 = i32x4.add(i32x4.dot_i16x8_s(high04, difference), offset);
  const low2 = i32x4.dot_i16x8_s(low26, turn2);
  const high2 = i32x4.dot_i16x8_s(high26, turn2);
  const low3 = i32x4.dot_i16x8_s(low26, turn3);
  const high3 = i32x4.dot_i16x8_s(high26, turn3);

  const a0 = pair(-7373 + 9633, 2446 - 7373 + 9633 - 16069);
  const b0 = pair(9633 - 16069, 9633);
  const a1 = pair(9633 - 3196, 9633);
  const b1 = pair(-20995 + 9633, 16819 - 20995 + 9633 - 3196);
  const a2 = pair(9633, 9633 - 16069);
  const b2 = pair(25172 - 20995 + 9633 - 16069, -20995 + 9633);
  const a3 = pair(12299 - 7373 + 9633 - 3196, -7373 + 9633);
  const b3 = pair(9633, 9633 - 3196);
  const odd0Low = twoPairs(low17, a3, low35, b3);
  const odd0High = twoPairs(high17, a3, high35, b3);
  const odd1Low = twoPairs(low17, a2, low35, b2);
  const odd1High = twoPairs(high17, a2, high35, b2);
  const odd2Low = twoPairs(low17, a1, low35, b1);
  const odd2High = twoPairs(high17, a1, high35, b1);
  const odd3Low = twoPairs(low17, a0, low35, b0);
  const odd3High = twoPairs(high17, a0, high35, b0);

  storeRows(at, 0, 7, i32x4.add(low0, low3), i32x4.add(high0, high3), odd0Low, odd0High, shift);
  storeRows(at, 1, 6, i32x4.add(low1, low2), i32x4.add(high1, high2), odd1Low, odd1High, shift);
  storeRows(at, 2, 5, i32x4.sub(low1, low2), i32x4.sub(high1, high2), odd2Low, odd2High, shift);
  storeRows(at, 3, 4, i32x4.sub(low0, low3), i32x4.sub(high0, high3), odd3Low, odd3High, shift);
}

/** Exchanges rows and columns, in place. */
// @ts-ignore: decorator
@inline
function transpose(at: usize): void {
  const r0 = v128.load(at);
  const r1 = v128.load(at, 16);
  const r2 = v128.load(at, 32);
  const r3 = v128.load(at, 48);
  const r4 = v128.load(at, 64);
  const r5 = v128.load(at, 80);
  const r6 = v128.load(at, 96);
  const r7 = v128.load(at, 112);
  const a0 = lowPairs(r0, r1);
  const a1 = highPairs(r0, r1);
  const a2 = lowPairs(r2, r3);
  const a3 = highPairs(r2, r3);
  const a4 = lowPairs(r4, r5);
  const a5 = highPairs(r4, r5);
  const a6 = lowPairs(r6, r7);
  const a7 = highPairs(r6, r7);
  const b0 = v128.shuffle<i32>(a0, a2, 0, 4, 1, 5);
  const b1 = v128.shuffle<i32>(a0, a2, 2, 6, 3, 7);
  const b2 = v128.shuffle<i32>(a1, a3, 0, 4, 1, 5);
  const b3 = v128.shuffle<i32>(a1, a3, 2, 6, 3, 7);
  const b4 = v128.shuffle<i32>(a4, a6, 0, 4, 1, 5);
  const b5 = v128.shuffle<i32>(a4, a6, 2, 6, 3, 7);
  const b6 = v128.shuffle<i32>(a5, a7, 0, 4, 1, 5);
  const b7 = v128.shuffle<i32>(a5, a7, 2, 6, 3, 7);
  v128.store(at, v128.shuffle<i64>(b0, b4, 0, 2));
  v128.store(at, v128.shuffle<i64>(b0, b4, 1, 3), 16);
  v128.store(at, v128.shuffle<i64>(b1, b5, 0, 2), 32);
  v128.store(at, v128.shuffle<i64>(b1, b5, 1, 3), 48);
  v128.store(at, v128.shuffle<i64>(b2, b6, 0, 2), 64);
  v128.store(at, v128.shuffle<i64>(b2, b6, 1, 3), 80);
  v128.store(at, v128.shuffle<i64>(b3, b7, 0, 2), 96);
  v128.store(at, v128.shuffle<i64>(b3, b7, 1, 3), 112);
}

/**
 * Coefficients to samples, 0..255; the coefficients are 0 afterwards.
 *
 * @param end Coefficients from this one on, in zigzag order, are all 0.
 * @param to Where the first row of eight samples goes; the next one lies `stride` further.
 */
export function transformBlock(block: usize, end: u32, to: usize, stride: usize): void {
  if (end == 1) {
    // The same value everywhere: what both passes make of the first coefficient alone.
    const value = (((load<i16>(block) as i32) << 2) + 16) >> 5;
    const row = i8x16.splat(min(max(value + 128, 0), 255) as i8);
    for (let y: usize = 0; y < 8; y++) v128.store64_lane(to + y * stride, row, 0);
    store<i16>(block, 0);
    return;
  }
  transformColumns(block, 1 << 10, 11);
  transpose(block);
  // Samples are centered around 0 up to here.
  transformColumns(block, (1 << 17) + (128 << 18), 18);
  storeColumns(block, to, stride);
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < 128; i += 16) v128.store(block + i, zero);
}

/** Each two columns of samples, byte by byte: their first bytes, their second ones, and so on. */
// @ts-ignore: decorator
@inline
function twoColumns(at: usize): v128 {
  const columns = i8x16.narrow_i16x8_u(v128.load(at), v128.load(at, 16));
  return v128.shuffle<u8>(columns, columns, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Stores eight columns of samples as eight rows of bytes. */
// @ts-ignore: decorator
@inline
function storeColumns(at: usize, to: usize, stride: usize): void {
  const a = twoColumns(at);
  const b = twoColumns(at + 32);
  const c = twoColumns(at + 64);
  const d = twoColumns(at + 96);
  const topLeft = lowPairs(a, b);
  const bottomLeft = highPairs(a, b);
  const topRight = lowPairs(c, d);
  const bottomRight = highPairs(c, d);
  const rows01 = v128.shuffle<i32>(topLeft, topRight, 0, 4, 1, 5);
  const rows23 = v128.shuffle<i32>(topLeft, topRight, 2, 6, 3, 7);
  const rows45 = v128.shuffle<i32>(bottomLeft, bottomRight, 0, 4, 1, 5);
  const rows67 = v128.shuffle<i32>(bottomLeft, bottomRight, 2, 6, 3, 7);
  v128.store64_lane(to, rows01, 0);
  v128.store64_lane(to + stride, rows01, 1);
  v128.store64_lane(to + 2 * stride, rows23, 0);
  v128.store64_lane(to + 3 * stride, rows23, 1);
  v128.store64_lane(to + 4 * stride, rows45, 0);
  v128.store64_lane(to + 5 * stride, rows45, 1);
  v128.store64_lane(to + 6 * stride, rows67, 0);
  v128.store64_lane(to + 7 * stride, rows67, 1);
}
