// Weighted sums of values next to one another: changes of size, first along the rows, then down the columns.
//
// Taps     of target i: `numTaps` weights at `weights`, for source values from number `first[i]` (32 bits) on. Along rows
//          they are as many as fill whole vectors, the last ones zero.
// Floats   of 32 bits for values of 8 bits; of 64 bits for values of 16, whose last bit would be lost.
// Rounded  and limited to the type after each pass.

/** Values of 16 bits to what a table of 2^16 bytes has for each. */
export function lookUp16(from: usize, to: usize, count: u32, table: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u8>(to + i, load<u8>(table + load<u16>(from + i * 2)));
}

export function resizeRows8(
  from: usize,
  to: usize,
  rows: u32,
  width: u32,
  channels: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
  row: usize,
): void {
  resizeRows<u8, f32>(from, to, rows, width, channels, target, first, weights, numTaps, row);
}

export function resizeRows16(
  from: usize,
  to: usize,
  rows: u32,
  width: u32,
  channels: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
  row: usize,
): void {
  resizeRows<u16, f64>(from, to, rows, width, channels, target, first, weights, numTaps, row);
}

export function resizeRows16s(
  from: usize,
  to: usize,
  rows: u32,
  width: u32,
  channels: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
  row: usize,
): void {
  resizeRows<i16, f64>(from, to, rows, width, channels, target, first, weights, numTaps, row);
}

export function resizeColumns8(
  from: usize,
  to: usize,
  stride: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
): void {
  resizeColumns<u8, f32>(from, to, stride, target, first, weights, numTaps);
}

export function resizeColumns16(
  from: usize,
  to: usize,
  stride: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
): void {
  resizeColumns<u16, f64>(from, to, stride, target, first, weights, numTaps);
}

export function resizeColumns16s(
  from: usize,
  to: usize,
  stride: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
): void {
  resizeColumns<i16, f64>(from, to, stride, target, first, weights, numTaps);
}

/** @param row Memory for one row as floats, and a vector more. */
function resizeRows<T, F>(
  from: usize,
  to: usize,
  rows: u32,
  width: u32,
  channels: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
  row: usize,
): void {
  const numBytes = <usize>numTaps * sizeof<F>();
  v128.store(row + <usize>width * sizeof<F>(), i32x4.splat(0));
  for (let y: u32 = 0; y < rows; y++) {
    for (let channel: u32 = 0; channel < channels; channel++) {
      readRow<T, F>(from + channel * sizeof<T>(), width, channels, row);
      let result = to + channel * sizeof<T>();
      let weight = weights;
      for (let x: u32 = 0; x < target; x++) {
        const source = row + <usize>load<u32>(first + x * 4) * sizeof<F>();
        let sums = v128.mul<F>(v128.load(source), v128.load(weight));
        for (let tap: usize = 16; tap < numBytes; tap += 16) {
          sums = v128.add<F>(sums, v128.mul<F>(v128.load(source + tap), v128.load(weight + tap)));
        }
        store<T>(result, rounded<T, F>(addLanes<F>(sums)));
        weight += numBytes;
        result += channels * sizeof<T>();
      }
    }
    from += <usize>width * channels * sizeof<T>();
    to += <usize>target * channels * sizeof<T>();
  }
}

/** One channel of a row as floats. */
function readRow<T, F>(from: usize, width: u32, channels: u32, row: usize): void {
  let x: u32 = 0;
  if (channels == 1) {
    for (; x + 4 <= width; x += 4) {
      const values = loadFour<T>(from + x * sizeof<T>());
      if (sizeof<F>() == 4) {
        v128.store(row + x * 4, f32x4.convert_i32x4_s(values));
      } else {
        v128.store(row + x * 8, f64x2.convert_low_i32x4_s(values));
        v128.store(row + x * 8 + 16, f64x2.convert_low_i32x4_s(upperHalf(values)));
      }
    }
  }
  for (; x < width; x++) store<F>(row + x * sizeof<F>(), <F>load<T>(from + x * channels * sizeof<T>()));
}

/** @param stride Values of a row, of all channels. */
function resizeColumns<T, F>(
  from: usize,
  to: usize,
  stride: u32,
  target: u32,
  first: usize,
  weights: usize,
  numTaps: u32,
): void {
  const rowBytes = <usize>stride * sizeof<T>();
  for (let y: u32 = 0; y < target; y++) {
    const rows = from + <usize>load<u32>(first + y * 4) * rowBytes;
    const weight = weights + <usize>y * numTaps * sizeof<F>();
    let x: u32 = 0;
    for (; x + 4 <= stride; x += 4) {
      let source = rows + x * sizeof<T>();
      let lower = i32x4.splat(0);
      let upper = i32x4.splat(0);
      for (let tap: u32 = 0; tap < numTaps; tap++, source += rowBytes) {
        const values = loadFour<T>(source);
        const factor = v128.splat<F>(load<F>(weight + tap * sizeof<F>()));
        if (sizeof<F>() == 4) {
          lower = f32x4.add(lower, f32x4.mul(f32x4.convert_i32x4_s(values), factor));
        } else {
          lower = f64x2.add(lower, f64x2.mul(f64x2.convert_low_i32x4_s(values), factor));
          upper = f64x2.add(upper, f64x2.mul(f64x2.convert_low_i32x4_s(upperHalf(values)), factor));
        }
      }
      storeFour<T>(to + x * sizeof<T>(), roundedFour<F>(lower, upper));
    }
    for (; x < stride; x++) {
      let source = rows + x * sizeof<T>();
      let sum: F = 0;
      for (let tap: u32 = 0; tap < numTaps; tap++, source += rowBytes) {
        sum += <F>load<T>(source) * load<F>(weight + tap * sizeof<F>());
      }
      store<T>(to + x * sizeof<T>(), rounded<T, F>(sum));
    }
    to += rowBytes;
  }
}

// @ts-ignore: decorator
@inline
function loadFour<T>(at: usize): v128 {
  if (sizeof<T>() == 1) {
    return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
  }
  return isSigned<T>() ? v128.load16x4_s(at) : v128.load16x4_u(at);
}

/** Limited to the type. */
// @ts-ignore: decorator
@inline
function storeFour<T>(at: usize, values: v128): void {
  if (sizeof<T>() == 1) {
    const shorts = i16x8.narrow_i32x4_s(values, values);
    v128.store32_lane(at, i8x16.narrow_i16x8_u(shorts, shorts), 0);
  } else {
    const shorts = isSigned<T>() ? i16x8.narrow_i32x4_s(values, values) : i16x8.narrow_i32x4_u(values, values);
    v128.store64_lane(at, shorts, 0);
  }
}

// @ts-ignore: decorator
@inline
function upperHalf(values: v128): v128 {
  return v128.shuffle<i32>(values, values, 2, 3, 2, 3);
}

// @ts-ignore: decorator
@inline
function addLanes<F>(values: v128): F {
  if (sizeof<F>() == 8) return <F>(f64x2.extract_lane(values, 0) + f64x2.extract_lane(values, 1));
  const pairs = f32x4.add(values, upperHalf(values));
  return <F>(f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
}

// @ts-ignore: decorator
@inline
function rounded<T, F>(sum: F): T {
  const least: i32 = isSigned<T>() ? -32768 : 0;
  const most: i32 = sizeof<T>() == 1 ? 255 : isSigned<T>() ? 32767 : 65535;
  return <T>min(max(<i32>floor<F>(sum + <F>0.5), least), most);
}

// @ts-ignore: decorator
@inline
function roundedFour<F>(lower: v128, upper: v128): v128 {
  const half = v128.splat<F>(<F>0.5);
  const first = v128.floor<F>(v128.add<F>(lower, half));
  if (sizeof<F>() == 4) return i32x4.trunc_sat_f32x4_s(first);
  const second = v128.floor<F>(v128.add<F>(upper, half));
  return v128.shuffle<i32>(
    i32x4.trunc_sat_f64x2_s_zero(first),
    i32x4.trunc_sat_f64x2_s_zero(second),
    0,
    1,
    4,
    5,
  );
}
