import assert from "node:assert/strict";
import { test } from "node:test";
import type { Image } from "../image.ts";
import { decodeImage } from "./read-image.ts";
import { encodeJpeg } from "./write-jpeg.ts";

/** Slopes in all directions, another one in each channel. */
function slopes(channels: 1 | 3): Image<Uint8Array> {
  const [width, height] = [48, 32];
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return [4 * x + y, 250 - 3 * x - y, 6 * y][i % channels]!;
  });
  return { width, height, channels, data };
}

for (const channels of [1, 3] as const) {
  test(`${channels === 1 ? "grey" : "colors"} stay what they are, but for a few levels`, async () => {
    const image = slopes(channels);
    const back = await decodeImage(await encodeJpeg(image, 95), "back.jpg");
    assert.deepEqual([back.width, back.height, back.channels], [image.width, image.height, image.channels]);
    const off = image.data.map((value, i) => Math.abs(value - back.data[i]!));
    assert.ok(Math.max(...off) <= 12, `largest difference ${Math.max(...off)}`);
    assert.ok(off.reduce((sum, value) => sum + value, 0) / off.length < 2);
  });
}

test("less quality is a smaller file", async () => {
  assert.ok((await encodeJpeg(slopes(3), 30)).length < (await encodeJpeg(slopes(3), 95)).length);
});
