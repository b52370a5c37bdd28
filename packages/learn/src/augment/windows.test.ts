import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, scope, type Tensor, tensor } from "@medssl/torch";
import { Draws } from "./draws.ts";
import { toGray } from "./windows.ts";

const values = (...numbers: number[]): Tensor => tensor(numbers).view([numbers.length, 1, 1, 1]);
const rounded = (gray: Tensor) => (gray.flatten().toNested() as number[]).map((v) => Math.round(v * 1e4) / 1e4);

test("8-bit pictures are divided by 255, CT goes through its window", () => {
  scope(() => {
    const options = { windows: [[-175, 250]] as [number, number][], windowJitter: 0 };
    const gray = (isHounsfield: boolean[]) =>
      toGray(values(51, -175, 250, 37.5, 3000), isHounsfield, new Draws(5, "cpu"), options);
    assert.deepEqual(rounded(gray([false, true, true, true, true])), [0.2, 0, 1, 0.5, 1]);
    assert.deepEqual(rounded(toGray(values(0, 255), undefined, new Draws(2, "cpu"), options)), [0, 1]);
  });
});

test("each view has one of the windows, its ends moved by up to the jitter", () => {
  manualSeed(6);
  scope(() => {
    const windows: [number, number][] = [
      [-1000, 1000],
      [0, 100],
    ];
    const gray = (windowJitter: number) =>
      rounded(
        toGray(values(...new Array<number>(500).fill(50)), new Array(500).fill(true), new Draws(500, "cpu"), {
          windows,
          windowJitter,
        }),
      );
    const still = gray(0);
    assert.deepEqual([...new Set(still)].toSorted(), [0.5, 0.525]);
    const share = still.filter((value) => value === 0.5).length / 500;
    assert.ok(Math.abs(share - 0.5) < 0.1, `${share}`);
    const jittered = gray(0.1);
    // At most with both ends of the wide window moved by 200 HU the same way: 0.525 -+ 0.1.
    assert.ok(Math.min(...jittered) < 0.47 && Math.min(...jittered) >= 0.4 - 1e-3, `${Math.min(...jittered)}`);
    assert.ok(Math.max(...jittered) > 0.57 && Math.max(...jittered) <= 0.625 + 1e-3, `${Math.max(...jittered)}`);
  });
});
