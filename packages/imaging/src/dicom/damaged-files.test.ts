/** What damage does: an error that says what is wrong, or the whole picture; never another picture, never a crash. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { decodeScan } from "../node/read-scan.ts";
import type { Scan } from "../scan.ts";
import { parseDicom } from "./dataset.ts";
import { scanOfDicom } from "./scan-of-dicom.ts";
import { expectedOfFixtures, fixture } from "./testing/fixture.ts";

const names = Object.keys(expectedOfFixtures()).filter((name) => name.endsWith(".dcm"));

const read = async (bytes: Uint8Array) => await scanOfDicom(parseDicom(bytes, "damaged"));

/** Undefined where it is refused, as it should be. */
async function readDamaged(bytes: Uint8Array): Promise<Scan | undefined> {
  try {
    return await read(bytes);
  } catch (error) {
    if (error instanceof MedsslError) return undefined;
    throw error;
  }
}

test("a file that breaks off is refused, or was whole but for what follows the pixels", async () => {
  let numRefused = 0;
  for (const name of names) {
    const file = fixture(name);
    const whole = await read(file);
    for (const share of [0, 0.1, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]) {
      const scan = await readDamaged(file.subarray(0, Math.floor(file.length * share)));
      if (scan) assert.deepEqual(scan.data, whole.data, `${name}, the first ${share}`);
      else numRefused++;
    }
  }
  assert.ok(numRefused > 10 * names.length, `${numRefused} of ${11 * names.length}`);
});

test("wherever a file breaks off, the message says which file it is, and that it is damaged", async () => {
  const place = "/archive/one.dcm";
  for (const name of ["explicit.dcm", "implicit.dcm", "deflated.dcm", "frames-table.dcm", "enhanced.dcm"]) {
    const file = fixture(name);
    for (let length = 1; length < file.length; length += length < 1000 ? 1 : 97) {
      const scan = async () => await decodeScan(file.subarray(0, length), place);
      const header = async () => parseDicom(file.subarray(0, length), place, { headerOnly: true });
      for (const read of [scan, header]) {
        const error: unknown = await read().then(
          () => undefined,
          (failure: unknown) => failure,
        );
        if (error === undefined) continue;
        assert.ok(error instanceof MedsslError, `${name}, ${length} bytes: ${error}`);
        assert.match(error.message, /^\/archive\/one\.dcm[:,] .*(expected .*got|truncated or damaged|its first bytes)/);
      }
    }
  }
  await assert.rejects(decodeScan(fixture("explicit.dcm").subarray(0, 200), place), {
    code: "ERR_DICOM_CORRUPT",
    message: /^\/archive\/one\.dcm: truncated or damaged at byte \d+: expected .*, got /,
    hint: /copy it again from where it came from/,
  });
});

test("the delimiter behind the last fragment may be missing, the last fragment may not", async () => {
  const file = fixture("frames-no-table.dcm");
  const whole = await read(file);
  assert.deepEqual(await read(file.subarray(0, file.length - 8)), whole);
  const frames = parseDicom(file, "whole").fragments("7FE00010")!;
  const lastBytes = frames.at(-1)!.length + 8;
  await assert.rejects(read(file.subarray(0, file.length - 8 - lastBytes)), {
    code: "ERR_DICOM_CORRUPT",
    message: "damaged: expected 3 compressed frames, got 2",
  });
});

test("changed bytes are an error of ours or a picture of the size that the header says", async () => {
  // Knuth's linear congruences: the same damage at every run.
  let state = 1;
  const random = (end: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  for (const name of names) {
    const file = fixture(name);
    for (let round = 0; round < 30; round++) {
      const damaged = Uint8Array.from(file);
      for (let i = 0; i <= round % 4; i++) damaged[132 + random(file.length - 132)] = random(256);
      const scan = await readDamaged(damaged);
      if (!scan) continue;
      const header = parseDicom(damaged, name);
      const numFrames = Math.max(header.number("00280008") ?? 1, 1);
      assert.deepEqual(scan.shape, [numFrames, header.number("00280010"), header.number("00280011")], name);
      assert.equal(
        scan.data.length,
        scan.shape.reduce((product, size) => product * size, scan.channels),
      );
    }
  }
});

/** A copy of a fixture with another value of an element of VR US, (0028,`element`). */
function withNumber(name: string, element: number, value: number): Uint8Array {
  const file = Uint8Array.from(fixture(name));
  const start = [0x28, 0, element & 255, element >> 8, 0x55, 0x53];
  const at = file.findIndex((_, i) => start.every((byte, k) => file[i + k] === byte));
  file.set([value & 255, value >> 8], at + 8);
  return file;
}

const [rows, columns, bitsStored] = [0x0010, 0x0011, 0x0101];

test("sizes that the bytes do not bear out are refused before anything is allocated", async () => {
  const wide = withNumber("native-u2.dcm", columns, 65535);
  await assert.rejects(read(wide), { code: "ERR_DICOM_CORRUPT", message: /expected 1572840 bytes of pixels, got 384/ });
  const compressed = withNumber("j2k.dcm", columns, 60000);
  await assert.rejects(read(compressed), {
    code: "ERR_DICOM_CORRUPT",
    message: "damaged, frame 1: expected a code stream of 60000 x 12 x 1, as the data set says, got 16 x 12 x 1",
  });
  const run = withNumber("rle-u1.dcm", columns, 60000);
  await assert.rejects(read(run), {
    code: "ERR_DICOM_CORRUPT",
    message: /RLE frame: expected 720000 bytes, got fewer/,
  });
});

test("more values than any image of the field has are refused, whatever the bytes", async () => {
  const high = withNumber("j2k.dcm", rows, 65535);
  const at = high.findIndex((byte, i) => byte === 0x28 && high[i + 2] === 0x11 && high[i + 3] === 0);
  high.set([255, 255], at + 8);
  await assert.rejects(read(high), { code: "ERR_IMAGE_TOO_LARGE" });
});

test("descriptions that contradict themselves are told so", async () => {
  await assert.rejects(read(withNumber("native-u2.dcm", bitsStored, 17)), {
    code: "ERR_DICOM_PIXELS",
    message: "damaged, BitsStored: expected 1 to 16, got 17",
  });
  await assert.rejects(read(withNumber("native-u2.dcm", rows, 0)), {
    message: "damaged, Rows: expected a size, got 0",
  });
});

test("a data set without pixels says so", async () => {
  await assert.rejects(read(fixture("text-utf8.dcm")), { code: "ERR_DICOM_NO_PIXELS" });
});

test("a decoder that failed decodes the next file", async () => {
  for (const name of ["jpeg-gray.dcm", "jpeg-ls.dcm", "j2k.dcm"]) {
    const file = fixture(name);
    const whole = await read(file);
    const damaged = Uint8Array.from(file).fill(0x55, file.length - 60, file.length - 20);
    await readDamaged(damaged);
    assert.deepEqual(await read(file), whole);
  }
});
