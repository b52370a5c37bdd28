// Bits of an entropy-coded segment, highest first.
//
// `bits` holds the next `count` bits at its upper end, and is refilled without a branch: whole bytes are added until at
// least 56 bits are there. Loops that must be fast keep the three in local variables, by `load` and `save`.
// Idea: variant 4 of F. Giesen, "Reading bits in far too many ways" (2018).

export let bits: u64 = 0;
export let count: u64 = 0;
export let next: usize = 0;

let segment: usize = 0;
let limit: usize = 0;

/** @param size Bytes of the segment; at least 16 zero bytes follow them. */
export function beginSegment(start: usize, size: usize): void {
  bits = 0;
  count = 0;
  next = start;
  segment = start;
  limit = start + size;
  refill();
}

export function consumedBits(): u32 {
  return (((next - segment) << 3) as u32) - (count as u32);
}

/** Whether more was read than there is, which the zeros behind a segment allow for a while. */
// @ts-ignore: decorator
@inline
export function isOverrun(): bool {
  return next > limit + 8;
}

// @ts-ignore: decorator
@inline
export function save(newBits: u64, newCount: u64, newNext: usize): void {
  bits = newBits;
  count = newCount;
  next = newNext;
}

/** Eight bytes, the first one highest. */
// @ts-ignore: decorator
@inline
export function bigEndian(at: usize): u64 {
  const raw = v128.load64_zero(at);
  const turned = v128.shuffle<u8>(raw, raw, 7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0);
  return i64x2.extract_lane(turned, 0) as u64;
}

// @ts-ignore: decorator
@inline
export function refill(): void {
  bits |= bigEndian(next) >> count;
  next += ((63 - count) >> 3) as usize;
  count |= 56;
}

/** The next bits as a number; `size` from 1 to 32, and no more than there are. */
// @ts-ignore: decorator
@inline
export function take(size: u32): u32 {
  const value = (bits >> (64 - (size as u64))) as u32;
  bits <<= size as u64;
  count -= size;
  return value;
}

/** A difference of `size` bits: its first bit is 0 for the negative ones. */
// @ts-ignore: decorator
@inline
export function signed(value: i32, size: u32): i32 {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}
