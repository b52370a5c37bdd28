import assert from "node:assert/strict";
import { test } from "node:test";
import { field, listed, pairs, recognizes, sampleSource } from "./sample-source.ts";
import { stare } from "./stare.ts";

test("archives unpacked side by side: the first observer's masks, packed or not", async () => {
  const folder = sampleSource(
    "stare-images/im0001.ppm.gz",
    "stare-images/im0002.ppm",
    "labels-ah/im0001.ah.ppm.gz",
    "labels-ah/im0002.ah.ppm",
    "labels-vk/im0001.vk.ppm.gz",
  );
  assert.ok(recognizes(stare, folder));
  const listing = await listed(stare, folder);
  assert.deepEqual(pairs(listing), ["im0001: labels-ah/im0001.ah.ppm.gz", "im0002: labels-ah/im0002.ah.ppm"]);
  assert.deepEqual(field(listing, "patient"), { im0001: "im0001", im0002: "im0002" });
  assert.deepEqual(field(listing, "split"), { im0001: undefined, im0002: undefined });
  assert.match(listing.notes[0]!, /^1 masks of another observer than \.ah .*im0001\.vk\.ppm\.gz$/);
  assert.match(listing.notes[1]!, /no official split/);
});

test("all archives in one folder; the second observer when asked for", async () => {
  const folder = sampleSource("im0001.ppm.gz", "im0001.ah.ppm.gz", "im0001.vk.ppm.gz");
  assert.ok(recognizes(stare, folder));
  assert.deepEqual(pairs(await listed(stare, folder)), ["im0001: im0001.ah.ppm.gz"]);
  assert.deepEqual(pairs(await listed(stare, folder, { maskSuffix: ".vk" })), ["im0001: im0001.vk.ppm.gz"]);
});
