import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { fixture, fixtureBytes, fixtureGzip } from "../nifti/fixtures/nifti-fixtures.ts";
import { decodeNifti, readNifti } from "./read-nifti.ts";
import { writeNifti } from "./write-nifti.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-nifti-"));
after(() => rmSync(folder, { recursive: true }));

const corrupt = { name: "MedsslError", code: "ERR_NIFTI_CORRUPT" };

test("compression is told by content", async () => {
  const zipped = await decodeNifti(fixtureGzip("i2"), "named.nii");
  const plain = await decodeNifti(fixtureBytes("i2"), "named.nii.gz");
  assert.deepEqual(zipped.volume(0), plain.volume(0));
});

test("several gzip members are one file, bytes behind the voxels are ignored", async () => {
  const bytes = fixtureBytes("i2");
  const members = Buffer.concat([gzipSync(bytes.subarray(0, 360)), gzipSync(bytes.subarray(360)), gzipSync("more")]);
  assert.deepEqual([...(await decodeNifti(members, "x")).volume(0).data], fixture("i2").data);
});

test("a pair is read by its header, compressed or not", async () => {
  const single = fixtureBytes("i2");
  const header = single.slice(0, 348);
  header.set(new TextEncoder().encode("ni1\0"), 344);
  new DataView(header.buffer).setFloat32(108, 0, true);
  writeFileSync(join(folder, "a.hdr"), header);
  writeFileSync(join(folder, "a.img"), single.subarray(352));
  writeFileSync(join(folder, "b.hdr.gz"), gzipSync(header));
  writeFileSync(join(folder, "b.img.gz"), gzipSync(single.subarray(352)));
  copyFileSync(join(folder, "a.hdr"), join(folder, "c.hdr"));
  for (const name of ["a.hdr", "b.hdr.gz"]) {
    const scan = (await readNifti(join(folder, name))).volume(0);
    assert.deepEqual([...scan.data], fixture("i2").data);
  }
  await assert.rejects(readNifti(join(folder, "c.hdr")), { code: "ERR_NIFTI_FORMAT", message: /header of a pair/ });
});

test("a scan is written and read, compressed by its name", async () => {
  const scan = (await decodeNifti(fixtureBytes("f4"), "f4")).volume(0);
  for (const name of ["x.nii", "x.nii.gz"]) {
    await writeNifti(join(folder, name), scan);
    const again = (await readNifti(join(folder, name))).volume(0);
    assert.deepEqual([again.data, again.affine], [scan.data, scan.affine]);
  }
});

test("a missing file is one for the user", async () => {
  await assert.rejects(readNifti(join(folder, "none.nii.gz")), { code: "ERR_IMAGE_READ" });
});

test("a compressed file that is cut anywhere is refused", async () => {
  const bytes = fixtureGzip("f8 big-endian");
  for (let length = 2; length < bytes.length; length++) {
    await assert.rejects(decodeNifti(bytes.subarray(0, length), "x"), { name: "MedsslError" }, `${length}`);
  }
});

test("a damaged stream never becomes a whole volume", async () => {
  const bytes = fixtureGzip("f8 big-endian");
  const { data } = fixture("f8 big-endian");
  for (let place = 10; place < bytes.length; place++) {
    const damaged = bytes.slice();
    damaged[place]! ^= 0x55;
    await decodeNifti(damaged, "x").then(
      (file) => assert.deepEqual([...file.volume(0).data], data, `byte ${place}`),
      (error) => assert.equal(error.name, "MedsslError"),
    );
  }
});

/** A compressed file whose header claims a volume of this size. */
function claiming(width: number, height: number, depth: number, numBytes: number): Uint8Array {
  const bytes = new Uint8Array(352 + numBytes);
  bytes.set(fixtureBytes("u1").subarray(0, 352));
  const view = new DataView(bytes.buffer);
  for (const [i, size] of [width, height, depth].entries()) view.setInt16(42 + 2 * i, size, true);
  return gzipSync(bytes);
}

test("a bomb is inflated to the size that its header admits, no further", async () => {
  const bomb = claiming(16, 16, 16, 2 ** 26);
  await assert.rejects(decodeNifti(bomb, "x"), { ...corrupt, message: "x: expected 4096 bytes of voxels, got more" });
});

test("a header that promises more than its bytes can hold is refused before inflating", async () => {
  const message = /^x: expected 268435456 bytes of voxels, got \d+ compressed bytes, too few for them$/;
  await assert.rejects(decodeNifti(claiming(1024, 1024, 256, 1000), "x"), { ...corrupt, message });
  await assert.rejects(decodeNifti(claiming(2048, 1024, 1024, 1000), "x"), { code: "ERR_IMAGE_TOO_LARGE" });
});
