// Entropy-coded bytes of a JPEG as the coder made them: in the file, a zero byte follows every 0xff, so that it cannot be
// taken for a marker.

let stop: usize = 0;

/** Address of the marker at which the last `unstuff` stopped, or the end of its input. */
export function stoppedAt(): usize {
  return stop;
}

/**
 * Copies up to the next marker and appends 16 zero bytes, which a reader may run into.
 *
 * Reads up to 16 bytes beyond `end` and writes up to 16 bytes beyond the result.
 *
 * @returns How many bytes there are, without the zeros.
 */
export function unstuff(from: usize, end: usize, to: usize): usize {
  const start = to;
  const marks = i8x16.splat(-1);
  while (from < end) {
    const block = v128.load(from);
    v128.store(to, block);
    const found = i8x16.bitmask(i8x16.eq(block, marks));
    const numPlain = min<usize>(found == 0 ? 16 : ctz(found), end - from);
    from += numPlain;
    to += numPlain;
    if (numPlain == 16 || from >= end) continue;
    // At 0xff. More of them may fill the space before a marker.
    let after = from + 1;
    while (after < end && load<u8>(after) == 0xff) after++;
    if (after < end && load<u8>(after) != 0) break;
    store<u8>(to++, 0xff);
    from = after + 1;
  }
  stop = min(from, end);
  v128.store(to, i64x2.splat(0));
  return to - start;
}
