import assert from "node:assert/strict";
import { test } from "node:test";
import { hrf } from "./hrf.ts";
import { field, listed, pairs, recognizes, sampleSource } from "./sample-source.ts";

test("images of either case, manual1 for masks, mask/ is the field of view", async () => {
  const folder = sampleSource(
    ...["images/01_dr.JPG", "images/01_g.jpg", "images/01_h.jpg"],
    ...["manual1/01_dr.tif", "manual1/01_g.tif", "manual1/01_h.tif"],
    ...["mask/01_dr_mask.tif", "mask/01_g_mask.tif", "mask/01_h_mask.tif"],
  );
  assert.ok(recognizes(hrf, folder));
  const listing = await listed(hrf, folder);
  assert.deepEqual(pairs(listing), ["01_dr: manual1/01_dr.tif", "01_g: manual1/01_g.tif", "01_h: manual1/01_h.tif"]);
  assert.deepEqual(field(listing, "stratum"), {
    "01_dr": "diabetic retinopathy",
    "01_g": "glaucoma",
    "01_h": "healthy",
  });
  assert.deepEqual(field(listing, "patient"), { "01_dr": "01_dr", "01_g": "01_g", "01_h": "01_h" });
  assert.deepEqual(listing.notes, ["3 masks of the field of view: left out, such as mask/01_dr_mask.tif"]);
});

test("the archives of each class, and images of the masks' format", async () => {
  const folder = sampleSource("healthy/01_h.tif", "healthy_manualsegm/01_h.tif", "healthy_fovmask/01_h_mask.tif");
  assert.ok(recognizes(hrf, folder));
  assert.deepEqual(pairs(await listed(hrf, folder)), ["01_h: healthy_manualsegm/01_h.tif"]);
});
