import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { TooManyBytes } from "../inflater.ts";
import { fixtureBytes, fixtureGzip, fixture as niftiFixture } from "../nifti/fixtures/nifti-fixtures.ts";
import { readScan } from "../node/read-scan.ts";
import { decodeScan } from "./decode-scan.ts";
import { browserInflater } from "./inflater.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const { pictures } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const fixture = (name: string) => readFileSync(join(fixtures, name));

/** libvips' part in Node, and the browser's own in a page. */
const FOREIGN = ["bilevel-fax.tif", "rgb8-jpeg.tif", "rgb8.webp"];

test("pictures are what Node reads", async () => {
  for (const name of Object.keys(pictures)) {
    if (FOREIGN.includes(name)) continue;
    assert.deepEqual(await decodeScan(fixture(name), name), await readScan(join(fixtures, name)), name);
  }
  await assert.rejects(decodeScan(fixture("bilevel-fax.tif"), "a.tif"), {
    code: "ERR_IMAGE_FORMAT",
    message: "a.tif: this kind of TIFF is not read in a browser",
  });
});

test("NIfTI is read in gzip and without", async () => {
  for (const bytes of [fixtureBytes("i2"), fixtureGzip("i2")]) {
    assert.deepEqual([...(await decodeScan(bytes, "a.nii")).data], niftiFixture("i2").data);
  }
});

test("a damaged gzip stream is never half an image", async () => {
  const whole = fixtureGzip("i2");
  const corrupt = { code: "ERR_NIFTI_CORRUPT" };
  await assert.rejects(decodeScan(whole.subarray(0, whole.length - 20), "a.nii.gz"), corrupt);
  const damaged = Uint8Array.from(whole);
  damaged[whole.length - 6]! ^= 1;
  await assert.rejects(decodeScan(damaged, "a.nii.gz"), corrupt);
  await assert.rejects(decodeScan(gzipSync("neither"), "a.gz"), { code: "ERR_IMAGE_FORMAT" });
});

test("no more is inflated than is expected, and bytes behind it are ignored", async () => {
  const bomb = new Uint8Array(2 ** 24);
  await assert.rejects(browserInflater.gunzip(gzipSync(bomb), 2 ** 16), TooManyBytes);
  await assert.rejects(async () => await browserInflater.inflate(deflateSync(bomb), 100), TooManyBytes);
  const padded = Buffer.concat([deflateSync(Uint8Array.of(1, 2, 3)), Buffer.from("more")]);
  assert.deepEqual(await browserInflater.inflate(padded, 3), Uint8Array.of(1, 2, 3));
});
