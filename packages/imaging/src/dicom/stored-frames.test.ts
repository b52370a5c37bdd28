import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDicom } from "./dataset.ts";
import { decodeStoredFrames } from "./stored-frames.ts";
import { expectedOfFixtures, fixture } from "./testing/fixture.ts";

const expected = expectedOfFixtures();
const names = Object.keys(expected).filter((name) => name.endsWith(".dcm"));

/** Lossy files, by whose decoder the expected values are: the inverse transforms may round otherwise. */
const isLossy = (name: string) => /^(jpeg-(gray|12|rgb|ybr)|j2k-lossy|htj2k-lossy)/.test(name);

for (const name of names) {
  test(`${name}: the values that were stored`, async () => {
    const { format, data } = await decodeStoredFrames(parseDicom(fixture(name), name));
    const { shape, values } = expected[name]!.stored;
    const { numFrames, rows, columns, samplesPerPixel } = format;
    const ours = [numFrames, rows, columns, samplesPerPixel];
    assert.equal(ours.filter((extent) => extent > 1).join(), shape.filter((extent) => extent > 1).join());
    assert.equal(data.length, values.length);
    const largest = values.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0);
    assert.ok(largest <= (isLossy(name) ? 2 : 0), `differs by up to ${largest}`);
  });
}

test("an offset table that points to no fragments is passed over", async () => {
  const file = Uint8Array.from(fixture("frames-table.dcm"));
  const [table] = parseDicom(file, "frames").fragments("7FE00010")!;
  assert.equal(table!.length, 12);
  file.fill(0xee, table!.byteOffset + 4, table!.byteOffset + 8);
  const { data } = await decodeStoredFrames(parseDicom(file, "frames"));
  assert.deepEqual(Array.from(data), expected["frames-table.dcm"]!.stored.values);
});
