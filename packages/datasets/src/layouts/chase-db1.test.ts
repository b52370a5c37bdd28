import assert from "node:assert/strict";
import { test } from "node:test";
import { chaseDb1 } from "./chase-db1.ts";
import { field, listed, pairs, recognizes, sampleSource } from "./sample-source.ts";

const files = ["01L", "01R", "02L"].flatMap((eye) => [
  `Image_${eye}.jpg`,
  `Image_${eye}_1stHO.png`,
  `Image_${eye}_2ndHO.png`,
]);

test("two eyes are one patient; the first observer's mask, cut at half; no split", async () => {
  const folder = sampleSource(...files);
  assert.ok(recognizes(chaseDb1, folder));
  const listing = await listed(chaseDb1, folder);
  assert.deepEqual(field(listing, "patient"), { Image_01L: "Image_01", Image_01R: "Image_01", Image_02L: "Image_02" });
  assert.deepEqual(listing.items["Image_01L"], {
    files: ["Image_01L.jpg"],
    masks: [{ file: "Image_01L_1stHO.png", fileValue: 255 }],
    patient: "Image_01",
  });
  assert.match(listing.notes[0]!, /^3 masks of another observer/);
  assert.match(listing.notes[1]!, /no official split, and papers use three/);
});

test("the second observer when asked for", async () => {
  const listing = await listed(chaseDb1, sampleSource(...files), { maskSuffix: "_2ndHO" });
  assert.deepEqual(pairs(listing)[0], "Image_01L: Image_01L_2ndHO.png");
});

test("one picture of that name among others is not the data set", () => {
  assert.equal(recognizes(chaseDb1, sampleSource("Image_01L.jpg", "a.jpg", "b.jpg", "c.jpg")), false);
});
