// Sums over grey values: of all of them, and of the cells of a grid.

/** Of 8 bits: sum of squares, smallest and largest, as three f64 at `to`. @param count A multiple of 16 is the fastest. */
export function measure8(from: usize, count: u32, to: usize): void {
  let low = i8x16.splat(-1);
  let high = i8x16.splat(0);
  let squares: u64 = 0;
  let i: u32 = 0;
  while (i + 16 <= count) {
    // Four squares of 16 bits a lane: 16,000 of them fit.
    let block = i32x4.splat(0);
    const end = min(count - 15, i + 16 * 4000);
    for (; i < end; i += 16) {
      const values = v128.load(from + i);
      low = i8x16.min_u(low, values);
      high = i8x16.max_u(high, values);
      const lower = i16x8.extmul_low_i8x16_u(values, values);
      const upper = i16x8.extmul_high_i8x16_u(values, values);
      block = i32x4.add(block, i32x4.extadd_pairwise_i16x8_u(lower));
      block = i32x4.add(block, i32x4.extadd_pairwise_i16x8_u(upper));
    }
    squares += addLanes(i64x2.add(i64x2.extend_low_i32x4_u(block), i64x2.extend_high_i32x4_u(block)));
  }
  v128.store(to, low);
  v128.store(to + 16, high);
  let least: i32 = 255;
  let most: i32 = 0;
  for (let lane: usize = 0; lane < 16; lane++) {
    least = min(least, <i32>load<u8>(to + lane));
    most = max(most, <i32>load<u8>(to + 16 + lane));
  }
  for (; i < count; i++) {
    const value = <i32>load<u8>(from + i);
    squares += <u64>(value * value);
    least = min(least, value);
    most = max(most, value);
  }
  write(to, squares, least, most);
}

/** The same of 16 bits with a sign. */
export function measure16(from: usize, count: u32, to: usize): void {
  let low = i16x8.splat(32767);
  let high = i16x8.splat(-32768);
  let squares = i64x2.splat(0);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const values = v128.load(from + i * 2);
    low = i16x8.min_s(low, values);
    high = i16x8.max_s(high, values);
    // Two squares are 2^31 at most, which only an unsigned lane holds.
    const pairs = i32x4.dot_i16x8_s(values, values);
    squares = i64x2.add(squares, i64x2.extend_low_i32x4_u(pairs));
    squares = i64x2.add(squares, i64x2.extend_high_i32x4_u(pairs));
  }
  v128.store(to, low);
  v128.store(to + 16, high);
  let least: i32 = 32767;
  let most: i32 = -32768;
  for (let lane: usize = 0; lane < 8; lane++) {
    least = min(least, <i32>load<i16>(to + lane * 2));
    most = max(most, <i32>load<i16>(to + 16 + lane * 2));
  }
  let total = addLanes(squares);
  for (; i < count; i++) {
    const value = <i32>load<i16>(from + i * 2);
    total += <u64>(<i64>value * <i64>value);
    least = min(least, value);
    most = max(most, value);
  }
  write(to, total, least, most);
}

/** All bits that are set in any of the values of 16 bits. */
export function bitsOf16(from: usize, count: u32): u32 {
  let bits = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) bits = v128.or(bits, v128.load(from + i * 2));
  let all: u32 = 0;
  for (; i < count; i++) all |= <u32>load<u16>(from + i * 2);
  const pairs = i64x2.extract_lane(bits, 0) | i64x2.extract_lane(bits, 1);
  return all | (<u32>(pairs | (pairs >> 16) | (pairs >> 32) | (pairs >> 48)) & 0xffff);
}

/**
 * Sums of the cells of a grid, as f64 at `cells`, which is zero before.
 *
 * @param size Bytes of a value: 1, or 2 with a sign.
 * @param edges Columns where the grid's columns begin, and the width: `columns` + 1 numbers of 32 bits.
 */
export function sumCells(
  from: usize,
  size: u32,
  width: u32,
  height: u32,
  edges: usize,
  columns: u32,
  rows: u32,
  cells: usize,
): void {
  for (let y: u32 = 0; y < height; y++) {
    const row = from + <usize>y * width * size;
    const cellRow = cells + <usize>((y * rows) / height) * columns * 8;
    for (let column: u32 = 0; column < columns; column++) {
      const begin = load<u32>(edges + column * 4);
      const end = load<u32>(edges + column * 4 + 4);
      const sum = size == 1 ? sum8(row + begin, end - begin) : sum16(row + begin * 2, end - begin);
      const cell = cellRow + column * 8;
      store<f64>(cell, load<f64>(cell) + <f64>sum);
    }
  }
}

function sum8(from: usize, count: u32): i64 {
  let lanes = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 16 <= count; i += 16) {
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v128.load(from + i))));
  }
  let sum = <i64>addLanes(i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes)));
  for (; i < count; i++) sum += <i64>load<u8>(from + i);
  return sum;
}

function sum16(from: usize, count: u32): i64 {
  let lanes = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_s(v128.load(from + i * 2)));
  let sum = <i64>addLanes(i64x2.add(i64x2.extend_low_i32x4_s(lanes), i64x2.extend_high_i32x4_s(lanes)));
  for (; i < count; i++) sum += <i64>load<i16>(from + i * 2);
  return sum;
}

function addLanes(lanes: v128): u64 {
  return i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1);
}

function write(to: usize, squares: u64, least: i32, most: i32): void {
  store<f64>(to, <f64>squares);
  store<f64>(to + 8, <f64>least);
  store<f64>(to + 16, <f64>most);
}
