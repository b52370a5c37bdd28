import assert from "node:assert/strict";
import { test } from "node:test";
import { KERNEL_START, openKernel } from "./kernel.ts";

test("stuffed bytes are freed up to the next marker, and 16 zeros follow", () => {
  const stuffed = [
    1, 0xff, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0xff, 0, 0xff, 0, 17, 0xff, 0xff, 0xd9, 18,
  ];
  const plain = [1, 0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0xff, 0xff, 17];
  const kernel = openKernel(1000);
  kernel.bytes.fill(99, KERNEL_START, KERNEL_START + 1000);
  kernel.bytes.set(stuffed, KERNEL_START);
  const to = KERNEL_START + 500;
  assert.equal(kernel.unstuff(KERNEL_START, KERNEL_START + stuffed.length, to), plain.length);
  assert.deepEqual([...kernel.bytes.subarray(to, to + plain.length + 16)], [...plain, ...new Array(16).fill(0)]);
  assert.equal(kernel.stoppedAt(), KERNEL_START + 23);
});

test("every row filter of PNG, for pixels of 1 to 8 bytes, against the formulas of the standard", () => {
  // Two rows of the last kind are undone together, and one alone.
  const filters = [0, 1, 2, 3, 4, 0, 4, 4, 4, 2, 4, 4];
  const [stride, height] = [72, filters.length];
  for (const pixelBytes of [1, 2, 3, 4, 6, 8]) {
    const stored = Uint8Array.from({ length: (stride + 1) * height }, (_, i) =>
      i % (stride + 1) === 0 ? filters[i / (stride + 1)]! : (i * 7919 + ((i * i) >> 3)) & 255,
    );
    const expected = new Uint8Array(stride * height);
    for (let i = 0; i < expected.length; i++) {
      const [x, y] = [i % stride, Math.floor(i / stride)];
      const at = (dx: number, dy: number) => (x >= dx && y >= dy ? expected[i - dx - dy * stride]! : 0);
      const [left, above, aboveLeft] = [at(pixelBytes, 0), at(0, 1), at(pixelBytes, 1)];
      const estimate = left + above - aboveLeft;
      const paeth = [left, above, aboveLeft].reduce((best, one) =>
        Math.abs(estimate - one) < Math.abs(estimate - best) ? one : best,
      );
      const guess = [0, left, above, (left + above) >> 1, paeth][filters[y]!]!;
      expected[i] = stored[y * (stride + 1) + 1 + x]! + guess;
    }
    const kernel = openKernel(10000);
    const to = KERNEL_START + 2000 + stride;
    kernel.bytes.set(stored, KERNEL_START);
    kernel.bytes.fill(0, to - stride, to);
    assert.equal(kernel.removeFilters(KERNEL_START, to, stride, height, pixelBytes), height);
    assert.deepEqual(kernel.bytes.slice(to, to + expected.length), expected, `${pixelBytes} bytes`);
  }
});

test("memory that a large picture needed is given back", () => {
  assert.equal(openKernel(2 ** 27).bytes.length, 2 ** 27 + KERNEL_START);
  assert.ok(openKernel(1000).bytes.length < 2 ** 20);
});
