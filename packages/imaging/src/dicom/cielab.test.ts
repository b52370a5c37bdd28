import assert from "node:assert/strict";
import { test } from "node:test";
import { dicomLabOf } from "./cielab.ts";

// highdicom 0.28.2: CIELabColor.from_rgb(r, g, b).value
const byHighdicom = [
  [
    [230, 159, 0],
    [46273, 37131, 52089],
  ],
  [
    [86, 180, 233],
    [45761, 29808, 23959],
  ],
  [
    [0, 158, 115],
    [37842, 21141, 36174],
  ],
  [
    [255, 255, 255],
    [65535, 32897, 32893],
  ],
  [
    [12, 3, 200],
    [16175, 49702, 10008],
  ],
] as const;

test("colors are those of highdicom, within 8 of 65535: it rounds its white", () => {
  for (const [color, expected] of byHighdicom) {
    const lab = dicomLabOf(color);
    assert.ok(
      lab.every((value, i) => Math.abs(value - expected[i]!) <= 8),
      `${color}: ${lab}`,
    );
  }
  assert.deepEqual(dicomLabOf([0, 0, 0]), [0, 32896, 32896]);
});
