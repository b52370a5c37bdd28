import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hasTextLikeBorder } from "./burned-in.ts";
import { selectChannel } from "./channels.ts";
import type { Image, WholePixels } from "./image.ts";
import { readImage } from "./node/read-image.ts";

const fixtures = join(import.meta.dirname, "fixtures", "burned-in");
const fixture = async (name: string) => selectChannel(await readImage(join(fixtures, `${name}.png`)), "luma");

const written = ["name-top-left", "date-bottom-right", "boxed-projection", "three-lines-at-the-left", "on-the-body"];
for (const name of written) {
  test(`writing is found: ${name}`, async () => {
    assert.ok(hasTextLikeBorder(await fixture(name)));
  });
}

for (const name of ["no-writing", "marker-r", "marker-l-and-line"]) {
  test(`no writing, or a film's marker alone: ${name}`, async () => {
    assert.ok(!hasTextLikeBorder(await fixture(name)));
  });
}

test("the type of the pixels and the number of channels do not matter", async () => {
  for (const name of ["name-top-left", "marker-r"]) {
    const image = await fixture(name);
    const { data } = image;
    const hounsfield: Image<WholePixels> = { ...image, data: Int16Array.from(data, (value) => value * 8 - 1024) };
    const deep: Image<WholePixels> = { ...image, data: Uint16Array.from(data, (value) => value * 257) };
    const color = new Uint8Array(data.length * 3);
    for (let i = 0; i < data.length; i++) color[i * 3 + 1] = data[i]!;
    const found = [hounsfield, deep, { ...image, channels: 3 as const, data: color }].map(hasTextLikeBorder);
    assert.deepEqual(found, Array(3).fill(hasTextLikeBorder(image)));
  }
});

test("writing across the middle is not what is looked for, and an empty picture has none", async () => {
  const { width, data } = await fixture("name-top-left");
  const middle = new Uint8Array(data.length).fill(20);
  for (let y = 0; y < 40; y++) {
    middle.set(data.subarray(y * width, y * width + 150), (y + 140) * width + 85);
  }
  assert.ok(!hasTextLikeBorder({ width, height: width, channels: 1, data: middle }));
  assert.ok(!hasTextLikeBorder({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }));
});

const real = join(import.meta.dirname, "../../../../shared/data");
test("real fundus photographs and lungs have no writing", { skip: !existsSync(real) }, async () => {
  const paths = [
    ...readdirSync(join(real, "vessels-chase-db1"))
      .filter((name) => name.endsWith("L.jpg"))
      .map((name) => `vessels-chase-db1/${name}`),
    ...readdirSync(join(real, "lungs-shenzhen/images"))
      .slice(0, 100)
      .map((name) => `lungs-shenzhen/images/${name}`),
  ];
  for (const path of paths) assert.ok(!hasTextLikeBorder(await readImage(join(real, path))), path);
});
