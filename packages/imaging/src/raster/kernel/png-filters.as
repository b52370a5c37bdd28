// The row filters of PNG undone: each byte was stored as its difference from a guess.
//
// Source: PNG, third edition (W3C, 2025), chapter 9.

/**
 * Rows as they are stored, each led by its filter's number, to rows of `stride` bytes without it.
 *
 * `stride` zero bytes have to lie before `to`: the row above the first one. Reads and writes up to 16 bytes beyond both.
 *
 * @param pixelBytes From 1 to 8: how far back the pixel to the left is.
 * @returns The number of rows that were undone: fewer than `height` where a filter is none.
 */
export function removeFilters(from: usize, to: usize, stride: usize, height: u32, pixelBytes: usize): u32 {
  for (let y: u32 = 0; y < height; y++) {
    const filter = load<u8>(from++);
    if (filter == 4 && pixelBytes == 1 && y + 1 < height && load<u8>(from + stride) == 4) {
      addPaethOfTwoRows(from, to, stride);
      from += 2 * stride + 1;
      to += 2 * stride;
      y++;
      continue;
    }
    if (filter == 0) memory.copy(to, from, stride);
    else if (filter == 1) addLeft(from, to, stride, pixelBytes);
    else if (filter == 2) addAbove(from, to, stride);
    else if (filter == 3) addMean(from, to, stride, pixelBytes);
    else if (filter == 4 && pixelBytes == 1) addPaethOfBytes(from, to, stride);
    else if (filter == 4) addPaeth(from, to, stride, pixelBytes);
    else return y;
    from += stride;
    to += stride;
  }
  return height;
}

function addAbove(from: usize, to: usize, stride: usize): void {
  for (let i: usize = 0; i < stride; i += 16) {
    v128.store(to + i, i8x16.add(v128.load(from + i), v128.load(to + i - stride)));
  }
}

// The others go from pixel to pixel, all bytes of one at a time. What is stored beyond a pixel is overwritten by the next.

function addLeft(from: usize, to: usize, stride: usize, pixelBytes: usize): void {
  let left = i64x2.splat(0);
  for (let i: usize = 0; i < stride; i += pixelBytes) {
    left = i8x16.add(left, v128.load64_zero(from + i));
    v128.store64_lane(to + i, left, 0);
  }
}

function addMean(from: usize, to: usize, stride: usize, pixelBytes: usize): void {
  let left = i64x2.splat(0);
  const one = i8x16.splat(1);
  for (let i: usize = 0; i < stride; i += pixelBytes) {
    const above = v128.load64_zero(to + i - stride);
    // The mean is rounded up by the instruction, down by the format.
    const odd = v128.and(v128.xor(left, above), one);
    const mean = i8x16.sub(i8x16.avgr_u(left, above), odd);
    left = i8x16.add(mean, v128.load64_zero(from + i));
    v128.store64_lane(to + i, left, 0);
  }
}

function addPaeth(from: usize, to: usize, stride: usize, pixelBytes: usize): void {
  let left = i64x2.splat(0);
  let aboveLeft = i64x2.splat(0);
  const bytes = i16x8.splat(255);
  for (let i: usize = 0; i < stride; i += pixelBytes) {
    const above = v128.load(to + i - stride);
    const wideAbove = i16x8.extend_low_i8x16_u(above);
    // Distances of left + above - aboveLeft from each of the three.
    const towardsLeft = i16x8.sub(wideAbove, aboveLeft);
    const towardsAbove = i16x8.sub(left, aboveLeft);
    const toLeft = i16x8.abs(towardsLeft);
    const toAbove = i16x8.abs(towardsAbove);
    const toAboveLeft = i16x8.abs(i16x8.add(towardsLeft, towardsAbove));
    const nearest = i16x8.min_s(i16x8.min_s(toLeft, toAbove), toAboveLeft);
    const aboveOrNot = v128.bitselect(wideAbove, aboveLeft, i16x8.eq(toAbove, nearest));
    const guess = v128.bitselect(left, aboveOrNot, i16x8.eq(toLeft, nearest));
    left = v128.and(i16x8.add(guess, i16x8.extend_low_i8x16_u(v128.load64_zero(from + i))), bytes);
    v128.store64_lane(to + i, i8x16.narrow_i16x8_u(left, left), 0);
    aboveLeft = wideAbove;
  }
}

/** Pixels of one byte, where a vector has nothing to do at once. */
function addPaethOfBytes(from: usize, to: usize, stride: usize): void {
  let left: i32 = 0;
  let aboveLeft: i32 = 0;
  for (let i: usize = 0; i < stride; i++) {
    const above = <i32>load<u8>(to + i - stride);
    left = (paeth(left, above, aboveLeft) + <i32>load<u8>(from + i)) & 255;
    store<u8>(to + i, left);
    aboveLeft = above;
  }
}

/** Each pixel waits for the one before it: the lower row follows one behind the upper, so that two are at work. */
function addPaethOfTwoRows(from: usize, to: usize, stride: usize): void {
  const lowerFrom = from + stride;
  const lowerTo = to + stride - 1;
  let left: i32 = 0;
  let aboveLeft: i32 = 0;
  let lowerLeft: i32 = 0;
  let lowerAboveLeft: i32 = 0;
  for (let i: usize = 0; i <= stride; i++) {
    if (i > 0) {
      const lowerAbove = left;
      lowerLeft = (paeth(lowerLeft, lowerAbove, lowerAboveLeft) + <i32>load<u8>(lowerFrom + i)) & 255;
      store<u8>(lowerTo + i, lowerLeft);
      lowerAboveLeft = lowerAbove;
    }
    if (i < stride) {
      const above = <i32>load<u8>(to + i - stride);
      left = (paeth(left, above, aboveLeft) + <i32>load<u8>(from + i)) & 255;
      store<u8>(to + i, left);
      aboveLeft = above;
    }
  }
}

/** With the fewest steps that wait for `left`, as in stb_image. Of equals the order is that of the format. */
// @ts-ignore: decorator
@inline
function paeth(left: i32, above: i32, aboveLeft: i32): i32 {
  const less = min(left, above);
  const more = max(left, above);
  const threshold = 3 * aboveLeft - (left + above);
  const lessOrNot = select<i32>(less, aboveLeft, more <= threshold);
  return select<i32>(more, lessOrNot, threshold <= less);
}

/** Exchanges the bytes of each pair: PNG has the high one first. Up to 14 bytes beyond the end are exchanged too. */
export function swapPairs(at: usize, numBytes: usize): void {
  for (let i: usize = 0; i < numBytes; i += 16) {
    const block = v128.load(at + i);
    v128.store(at + i, v128.shuffle<u8>(block, block, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  }
}
