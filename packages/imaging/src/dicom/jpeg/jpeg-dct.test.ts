import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedOfFixtures, fixture } from "../testing/fixture.ts";
import { decodeDctJpeg } from "./jpeg-dct.ts";
import { readJpegStream } from "./jpeg-stream.ts";

const expected = expectedOfFixtures();

for (const name of ["progressive.jpg", "restarts.jpg"]) {
  test(`${name}: the values that libjpeg-turbo gives, but for the rounding of its transform`, () => {
    const values = decodeDctJpeg(readJpegStream(fixture(name)));
    const { shape, values: theirs } = expected[name]!.stored;
    assert.deepEqual(shape, [12, 16]);
    assert.equal(values.length, theirs.length);
    for (const [i, value] of theirs.entries())
      assert.ok(Math.abs(values[i]! - value) <= 1, `${i}: ${values[i]}, ${value}`);
  });
}

test("a scan that breaks off is no picture", () => {
  const file = fixture("progressive.jpg");
  const scans = readJpegStream(file).scans.length;
  assert.ok(scans > 5);
  for (let length = 0; length < file.length - 2; length += 7) {
    const broken = Uint8Array.from([...file.subarray(0, length), 0xff, 0xd9]);
    let values: Uint16Array;
    try {
      values = decodeDctJpeg(readJpegStream(broken));
    } catch (error) {
      assert.equal((error as { code?: string }).code, "ERR_DICOM_CORRUPT");
      continue;
    }
    // Between two scans a progressive picture is whole, only coarser.
    assert.equal(values.length, 12 * 16);
  }
});
