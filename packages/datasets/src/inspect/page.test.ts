import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { noise, writtenStore } from "../testing/written-store.ts";
import { inspectStores } from "./inspect-stores.ts";
import { inspectionPage } from "./page.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-page-"));
test.after(() => rmSync(folder, { recursive: true }));

const SIZE = 64;
/** Air on the left, soft tissue on the right. */
const chest = Int16Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE < 20 ? -800 : 40 + (i % 7)));
const cases = [
  { source: "films", patient: "Erika Mustermann", pixels: noise(1, SIZE), labels: [1] },
  { source: "films", patient: "b", pixels: noise(2, SIZE), labels: [1, 2] },
  { source: "films", patient: "c", pixels: noise(2, SIZE).map((value) => Math.min(value + 9, 255)) },
  { source: "<b>scans", patient: "d", recipe: "ct" as const, pixels: chest, slices: 3, id: "<b>scans/v#0001" },
];
const store = writtenStore(join(folder, "mixed"), cases, { size: SIZE, labelNames: ["organ & co", "tumor"] });
const inspection = inspectStores([store]);

test("the page needs nothing else, runs nothing, and says that it holds pictures", async () => {
  const page = await inspectionPage(inspection, [store]);
  assert.match(page, /^<!doctype html>/);
  assert.doesNotMatch(page, /<script|javascript:|https?:|@import|url\(/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/);
  assert.match(page, /This page holds 7 pictures of the images/);
  assert.match(page, /prefers-color-scheme: dark/);
  assert.match(page, /@media print/);
});

test("pictures of each source: masks over the image, CT in two windows where there is lung, pairs side by side", async () => {
  const page = await inspectionPage(inspection, [store]);
  assert.equal(page.match(/class="overlaid"/g)?.length, 2);
  assert.match(page, /v, slice 1, soft tissue.*v, slice 1, lung/s);
  assert.match(page, /films\/0001 and films\/0002, likeness (0\.9\d|1\.00)/);
  assert.match(page, /checksums \(CRC-32\)/);
  assert.equal(page.match(/src="data:image\/jpeg;base64,\/9j\//g)?.length, 5 + 2 + 2);
});

test("names are escaped; no path and no patient is on the page", async () => {
  const page = await inspectionPage(inspection, [store]);
  assert.match(page, /&lt;b&gt;scans/);
  assert.match(page, /organ &amp; co/);
  assert.ok(!page.includes("<b>scans"));
  const withoutPictures = page.replaceAll(/base64,[^"]*/g, "");
  assert.ok(!withoutPictures.includes(folder) && !withoutPictures.includes("Mustermann"));
  for (const { patient } of store.cases) assert.ok(!withoutPictures.includes(patient));
});

test("the same seed shows the same pictures", async () => {
  assert.equal(await inspectionPage(inspection, [store], 3), await inspectionPage(inspection, [store], 3));
});

test("two stores whose folders have one name keep their own labels and pictures", async () => {
  const one = { source: "films", patient: "a", pixels: noise(1, SIZE), labels: [1] };
  const same = noise(1, SIZE).map((value) => Math.min(value + 9, 255));
  const other = { source: "films", patient: "b", pixels: same, labels: [1], id: "films/other" };
  const stores = [
    writtenStore(join(folder, "here", "scans"), [one], { size: SIZE, labelNames: ["heart"] }),
    writtenStore(join(folder, "there", "scans"), [other], { size: SIZE, labelNames: ["liver"] }),
  ];
  const both = inspectStores(stores);
  assert.deepEqual(
    both.stores.map(({ name }) => name),
    ["scans (1)", "scans (2)"],
  );
  const page = (await inspectionPage(both, stores)).replaceAll(/base64,[^"]*/g, "");
  assert.match(page, /scans \(1\): films\/0000 and scans \(2\): films\/other/);
  const legends = [...page.matchAll(/<p class="legend">(.*?)<\/p>/gs)].map(([, legend]) => legend!);
  assert.deepEqual(
    legends.map((legend) => /heart|liver/.exec(legend)?.[0]),
    ["heart", "liver"],
  );
});
