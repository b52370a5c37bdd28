import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { RunEvent } from "@medssl/contract";
import { parseLabels } from "../label-rule.ts";
import { ledgerPath } from "../private/ledger.ts";
import { SAMPLE_SIZE, sampleImage, sampleMask, writeFiles, writePairs } from "../sample-folder.ts";
import { readCase } from "../store/case-pixels.ts";
import { openStore, type Store } from "../store/store.ts";
import { type IngestOptions, ingest } from "./ingest.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-ingest-"));
test.after(() => rmSync(root, { recursive: true }));
let numFolders = 0;

function newFolder(name = "source"): string {
  const folder = join(root, String(numFolders++), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The names of the files that the cases came from, without extension. */
const filesOf = (store: Store): (string | undefined)[] =>
  store.cases.map((one) => store.fileOf(one)?.replace(/^.*\/(.*)\..*$/, "$1"));

/** Ingests at the samples' own size, so that pixels can be compared; returns the summary's counts and all that was said. */
async function run(sources: string | string[], store: string, options: Partial<IngestOptions> = {}) {
  const events: RunEvent[] = [];
  const size = existsSync(store) ? {} : { width: SAMPLE_SIZE, height: SAMPLE_SIZE };
  const summary = await ingest([sources].flat(), { store, ...size, ...options }, (event) => events.push(event));
  const { found, stored, unchanged, quarantined } = summary;
  assert.equal(found, stored + unchanged + quarantined);
  const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
  return { summary, notes, events, counts: { found, stored, unchanged, quarantined } };
}

test("images and masks come back from the store as they were", async () => {
  const source = newFolder("lungs");
  await writePairs(source, 5);
  await writeFiles(source, { "images/plain.png": sampleImage(99) });
  const dir = join(newFolder(), "store");
  const { summary } = await run(source, dir, { labels: parseLabels("lungs=255") });
  assert.deepEqual(summary.labels, [{ value: 1, name: "lungs" }]);
  assert.equal(summary.sources[0]?.masks, 5);
  const store = openStore(dir);
  assert.deepEqual(filesOf(store), ["a000", "a001", "a002", "a003", "a004", "plain"]);
  assert.deepEqual(
    store.cases.map(({ hasMask }) => hasMask),
    [true, true, true, true, true, false],
  );
  assert.equal(store.shards[0]?.count, 6);
  assert.deepEqual(readCase(store, store.cases[3]!), { image: sampleImage(3), labels: sampleMask(1) });
  assert.deepEqual(readCase(store, store.cases[5]!), { image: sampleImage(99), labels: undefined });
});

test("the statistics are those of the stored pixels", async () => {
  const source = newFolder();
  await writePairs(source, 4);
  const dir = join(newFolder(), "store");
  await run(source, dir);
  const pixels = [0, 1, 2, 3].flatMap((seed) => [...sampleImage(seed).data]).map((value) => value / 255);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length;
  const statistics = openStore(dir).info.statistics.picture!;
  assert.ok(Math.abs(statistics.mean - mean) < 1e-9 && Math.abs(statistics.std - Math.sqrt(variance)) < 1e-9);
});

test("a second run stores nothing and changes no byte of the pixels", async () => {
  const source = newFolder();
  await writePairs(source, 70);
  const dir = join(newFolder(), "store");
  assert.deepEqual((await run(source, dir)).counts, { found: 70, stored: 70, unchanged: 0, quarantined: 0 });
  const files = ["images", "masks"].map((kind) => join(dir, kind, `0000-picture-${SAMPLE_SIZE}x${SAMPLE_SIZE}.npy`));
  const before = files.map((file) => readFileSync(file));
  const cases = openStore(dir).cases;
  assert.deepEqual((await run(source, dir)).counts, { found: 70, stored: 0, unchanged: 70, quarantined: 0 });
  assert.deepEqual(
    files.map((file) => readFileSync(file)),
    before,
  );
  assert.deepEqual(openStore(dir).cases, cases);
});

test("new files are added, a corrected mask and an exchanged image replace what was there", async () => {
  const source = newFolder();
  await writePairs(source, 3);
  const dir = join(newFolder(), "store");
  await run(source, dir);
  const corrected = sampleMask();
  corrected.data[0] = 255;
  await writeFiles(source, {
    "masks/a000.png": corrected,
    "images/a001.png": sampleImage(50),
    "images/a003.png": sampleImage(3),
  });
  assert.deepEqual((await run(source, dir)).counts, { found: 4, stored: 3, unchanged: 1, quarantined: 0 });
  const store = openStore(dir);
  const named = (name: string) => store.cases[filesOf(store).indexOf(name)]!;
  assert.equal(store.cases.length, 4);
  assert.equal(readCase(store, named("a000")).labels?.data[0], 1);
  assert.deepEqual(readCase(store, named("a001")).image, sampleImage(50));
  await writeFiles(source, { "masks/a003.png": sampleMask() });
  assert.deepEqual((await run(source, dir)).counts, { found: 4, stored: 1, unchanged: 3, quarantined: 0 });
  assert.ok(openStore(dir).cases.every(({ hasMask }) => hasMask));
});

test("one corrupt PNG among many is listed, and read once it is mended", async () => {
  const source = newFolder();
  await writePairs(source, 100);
  const broken = join(source, "images", "a042.png");
  truncateSync(broken, 200);
  const dir = join(newFolder(), "store");
  const { counts, summary } = await run(source, dir);
  assert.deepEqual(counts, { found: 100, stored: 99, unchanged: 0, quarantined: 1 });
  assert.equal(summary.quarantine[0]?.file, broken);
  assert.equal(summary.quarantine[0]?.code, "ERR_IMAGE_CORRUPT");
  const listed = () => {
    const catalog = new DatabaseSync(ledgerPath(dir));
    const rows = catalog.prepare("SELECT file, code FROM quarantine").all();
    catalog.close();
    return rows.map((row) => ({ ...row }));
  };
  assert.deepEqual(listed(), [{ file: broken, code: "ERR_IMAGE_CORRUPT" }]);
  await writeFiles(source, { "images/a042.png": sampleImage(42) });
  assert.deepEqual((await run(source, dir)).counts, { found: 100, stored: 1, unchanged: 99, quarantined: 0 });
  assert.deepEqual(listed(), []);
});

test("every kind of unusable file is quarantined with its reason, the rest is stored", async () => {
  const source = newFolder();
  await writePairs(source, 3);
  await writeFiles(source, {
    "images/blank.png": { ...sampleImage(1), data: new Uint8Array(SAMPLE_SIZE ** 2).fill(7) },
    "images/empty.png": "",
    "images/text.png": "no image at all, but long enough to be one",
    "images/size.png": sampleImage(11),
    "masks/size.png": sampleMask(255, 12),
    "images/alien.png": sampleImage(12),
    "masks/alien.png": sampleMask(77),
    "images/twice.png": sampleImage(13),
    "masks/twice.png": sampleMask(),
    "labels/twice.png": sampleMask(),
    "masks/nowhere.png": sampleMask(),
  });
  const { counts, summary, notes } = await run(source, join(newFolder(), "store"));
  assert.deepEqual(counts, { found: 9, stored: 3, unchanged: 0, quarantined: 6 });
  const reasons = Object.fromEntries(
    summary.quarantine.map(({ file, code, reason }) => [file.slice(source.length + 8), `${code} ${reason}`]),
  );
  assert.match(reasons["blank.png"]!, /ERR_IMAGE_BLANK .*every pixel has the same value, 7/);
  assert.match(reasons["empty.png"]!, /ERR_IMAGE_CORRUPT .*0 bytes/);
  assert.match(reasons["text.png"]!, /ERR_IMAGE_FORMAT .*expected an image/);
  assert.match(reasons["size.png"]!, /ERR_MASK_SIZE .*the mask is 12x12 pixels, its image 24x24/);
  assert.match(reasons["alien.png"]!, /ERR_MASK_VALUES .*no labels: 77; labels are 255 foreground/);
  assert.match(reasons["twice.png"]!, /ERR_MASK_AMBIGUOUS .*labels\/twice.png, .*masks\/twice.png/);
  assert.match(notes.join(), /1 masks have no image, such as .*nowhere\.png/);
});

test("the same picture is stored once, with its mask if one of its files has one; two masks are a conflict", async () => {
  const source = newFolder();
  const other = sampleMask();
  other.data[0] = 255;
  await writeFiles(source, {
    "images/a.png": sampleImage(1),
    "images/b.png": sampleImage(1),
    "masks/b.png": sampleMask(),
    "images/c.png": sampleImage(1),
    "images/d.png": sampleImage(1),
    "masks/d.png": other,
  });
  const dir = join(newFolder(), "store");
  const { counts, summary, notes } = await run(source, dir);
  // a is stored, b brings the mask, c is the same again, d contradicts b.
  assert.deepEqual(counts, { found: 4, stored: 2, unchanged: 1, quarantined: 1 });
  assert.equal(summary.duplicates, 1);
  assert.match(notes.join(), /1 files hold a picture that is in the store already/);
  assert.equal(summary.quarantine[0]?.code, "ERR_MASK_CONFLICT");
  const store = openStore(dir);
  assert.deepEqual(filesOf(store), ["b"]);
  assert.equal(store.cases[0]?.hasMask, true);
});

test("a picture that moves to another name while its old name gets a new picture is not lost", async () => {
  const source = newFolder();
  await writeFiles(source, { "a.png": sampleImage(1) });
  const dir = join(newFolder(), "store");
  await run(source, dir);
  await writeFiles(source, { "a.png": sampleImage(2), "b.png": sampleImage(1) });
  assert.deepEqual((await run(source, dir)).counts, { found: 2, stored: 2, unchanged: 0, quarantined: 0 });
  const store = openStore(dir);
  assert.deepEqual(
    store.cases.map((one) => readCase(store, one).image),
    [sampleImage(2), sampleImage(1)],
  );
});

test("CHASE_DB1's layout: first observer's masks, a patient for each pair of eyes", async () => {
  const source = newFolder("chase");
  for (const [i, name] of ["Image_01L", "Image_01R", "Image_02L", "Image_02R"].entries()) {
    const second = sampleMask();
    second.data.fill(255);
    await writeFiles(source, {
      [`${name}.png`]: sampleImage(i),
      [`${name}_1stHO.png`]: sampleMask(),
      [`${name}_2ndHO.png`]: second,
    });
  }
  const dir = join(newFolder(), "store");
  const { counts, notes, summary } = await run(source, dir, { labels: parseLabels("vessels") });
  assert.deepEqual(counts, { found: 4, stored: 4, unchanged: 0, quarantined: 0 });
  assert.equal(summary.patients, 2);
  assert.match(notes.join(), /4 masks of another observer than _1stHO/);
  const store = openStore(dir);
  const patients = store.cases.map(({ patient }) => patient);
  assert.deepEqual(patients, [patients[0], patients[0], patients[2], patients[2]]);
  assert.deepEqual(readCase(store, store.cases[0]!).labels, sampleMask(1));
});

test("several labels are told from the masks; a later mask with a value of its own is quarantined", async () => {
  const source = newFolder();
  for (const value of [1, 2, 3]) {
    await writeFiles(source, { [`a${value}.png`]: sampleImage(value), [`a${value}_gt.png`]: sampleMask(value) });
  }
  const dir = join(newFolder(), "store");
  const { summary } = await run(source, dir);
  assert.deepEqual(
    summary.labels.map(({ name }) => name),
    ["label 1", "label 2", "label 3"],
  );
  const later = newFolder();
  await writeFiles(later, { "a4.png": sampleImage(4), "a4_gt.png": sampleMask(4) });
  assert.deepEqual((await run(later, dir)).counts, { found: 1, stored: 0, unchanged: 0, quarantined: 1 });
});

test("masks that say nothing leave the labels open for the next ingest", async () => {
  const [first, second] = [newFolder("first"), newFolder("second")];
  await writeFiles(first, { "a.png": sampleImage(1), "a_gt.png": sampleMask(0) });
  await writeFiles(second, { "b.png": sampleImage(2), "b_gt.png": sampleMask(2) });
  const dir = join(newFolder(), "store");
  await run(first, dir);
  assert.deepEqual((await run(second, dir)).counts, { found: 1, stored: 1, unchanged: 0, quarantined: 0 });
  assert.equal(openStore(dir).info.labels.length, 2);
});

test("joined folders of one name keep their cases apart; a moved folder is recognized", async () => {
  const [first, second] = [newFolder("data"), newFolder("data")];
  await writeFiles(first, { "a.png": sampleImage(1) });
  await writeFiles(second, { "a.png": sampleImage(2) });
  const dir = join(newFolder(), "store");
  const { summary } = await run([first, second], dir);
  assert.equal(summary.stored, 2);
  const [plain, numbered = ""] = openStore(dir).cases.map(({ source }) => source);
  assert.match(numbered, /^\d+-data$/);
  assert.equal(plain, "data");
  const moved = join(newFolder(), "data");
  renameSync(first, moved);
  assert.deepEqual((await run(moved, dir)).counts, { found: 1, stored: 0, unchanged: 1, quarantined: 0 });
  assert.deepEqual(
    openStore(dir).info.sources.map(({ name }) => name),
    [numbered, "data"],
  );
});

test("patients can be told better later, and the pattern is kept for the next run", async () => {
  const source = newFolder();
  await writeFiles(source, { "p1_a.png": sampleImage(1), "p1_b.png": sampleImage(2) });
  const dir = join(newFolder(), "store");
  const patients = async (options: Partial<IngestOptions>) => {
    assert.equal((await run(source, dir, options)).summary.quarantined, 0);
    const { cases, info } = openStore(dir);
    return [new Set(cases.map(({ patient }) => patient)).size, info.sources[0]?.arePatientsKnown];
  };
  assert.deepEqual(await patients({}), [2, false]);
  assert.deepEqual(await patients({ patientPattern: /^(p\d+)_/ }), [1, true]);
  await writeFiles(source, { "p1_c.png": sampleImage(3) });
  assert.deepEqual(await patients({}), [1, true]);
  await assert.rejects(run(source, dir, { patientPattern: /^(x)/ }), { code: "ERR_PATIENT_PATTERN" });
  assert.deepEqual(await patients({}), [1, true]);
});

test("a manifest names masks and patients; another size squashes or pads", async () => {
  const source = newFolder("phantom");
  await writeFiles(source, {
    "cases.csv": "image,mask,patient\nimages/a.png,masks/a.png,p1\nimages/b.png,,p1\nimages/gone.png,,p2\n",
    "images/a.png": sampleImage(1),
    "masks/a.png": sampleMask(),
    "images/b.png": sampleImage(2),
    "images/unlisted.png": sampleImage(3),
  });
  const dir = join(newFolder(), "store");
  const { counts, summary } = await run(source, dir, { width: 16, height: 32, fit: "pad" });
  assert.deepEqual(counts, { found: 3, stored: 2, unchanged: 0, quarantined: 1 });
  assert.equal(summary.quarantine[0]?.code, "ERR_IMAGE_READ");
  assert.equal(summary.patients, 1);
  const store = openStore(dir);
  const recipe = { width: 16, height: 32, channel: "luma", fit: "pad", dtype: "uint8" };
  assert.deepEqual(store.info.recipes.picture, recipe);
  const labels = readCase(store, store.cases[0]!).labels!;
  assert.equal(labels.data.indexOf(1), 16 * 8 + 8);
  assert.equal(labels.data.lastIndexOf(1), 16 * 24 - 1);
});

test("what a store is not made for is refused before anything is written", async () => {
  const source = newFolder();
  await writePairs(source, 2);
  const dir = join(newFolder(), "store");
  await run(source, dir, { labels: parseLabels("lungs") });
  await assert.rejects(run(source, dir, { width: 64 }), {
    code: "ERR_STORE_RECIPE",
    message: /keeps picture images as 24x24 luma squash uint8, asked for was 64x24 luma squash uint8/,
  });
  await assert.rejects(run(source, dir, { labels: parseLabels("heart") }), { code: "ERR_STORE_LABELS" });
  await assert.rejects(run(source, source), { code: "ERR_STORE_FOREIGN" });
  const empty = newFolder();
  const never = join(newFolder(), "store");
  await assert.rejects(run([source, empty], never), { code: "ERR_SOURCE_EMPTY", message: /found no images/ });
  await writeFiles(empty, { "masks/a.png": sampleMask() });
  await assert.rejects(run(empty, never), { code: "ERR_SOURCE_EMPTY", message: /1 masks have no image/ });
  assert.ok(!existsSync(never));
});

test("two ingests into one store at once are refused", async () => {
  const source = newFolder();
  await writePairs(source, 3);
  const dir = join(newFolder(), "store");
  const [first, second] = await Promise.allSettled([run(source, dir), run(source, dir)]);
  assert.equal(first.status, "fulfilled");
  assert.equal(second.status === "rejected" && second.reason.code, "ERR_STORE_BUSY");
});

test("a store that lost pixels is refused, not filled up with black images", async () => {
  for (const kind of ["images", "masks"]) {
    for (const damage of [rmSync, (path: string) => truncateSync(path, 200)]) {
      const [source, more] = [newFolder(), newFolder("more")];
      await writePairs(source, 3);
      await writeFiles(more, { "images/new.png": sampleImage(50) });
      const dir = join(newFolder(), "store");
      await run(source, dir);
      damage(join(dir, kind, `0000-picture-${SAMPLE_SIZE}x${SAMPLE_SIZE}.npy`));
      await assert.rejects(run(more, dir), { code: "ERR_STORE_DAMAGED", message: /npy: expected \d+ bytes, got/ });
    }
  }
});

test("a mask that is gone is gone from the store, unless masks are left out on purpose; labels may change their values", async () => {
  const source = newFolder();
  await writePairs(source, 3);
  const dir = join(newFolder(), "store");
  await run(source, dir, { labels: parseLabels("lungs=255") });
  rmSync(join(source, "masks", "a000.png"));
  assert.equal((await run(source, dir, { skipsMasks: true })).counts.unchanged, 3);
  assert.deepEqual((await run(source, dir)).counts, { found: 3, stored: 1, unchanged: 2, quarantined: 0 });
  assert.equal(openStore(dir).cases.filter(({ hasMask }) => hasMask).length, 2);
  const both = newFolder();
  const halves = sampleMask(2);
  halves.data.fill(1, 0, 10);
  await writeFiles(both, { "b.png": sampleImage(9), "b_mask.png": halves });
  const other = join(newFolder(), "store");
  await run(both, other, { labels: parseLabels("left=1,right=2") });
  assert.equal((await run(both, other, { labels: parseLabels("left=2,right=1") })).counts.stored, 1);
  const [one] = openStore(other).cases;
  assert.equal(readCase(openStore(other), one!).labels?.data[0], 2);
});

test("a copy is known as one, also of a picture that had no mask, and is read again when the original has changed", async () => {
  const [bare, labeled] = [newFolder("bare"), newFolder("labeled")];
  await writeFiles(bare, { "a.png": sampleImage(1), "b.png": sampleImage(1) });
  await writeFiles(labeled, { "images/c.png": sampleImage(1), "masks/c.png": sampleMask() });
  const dir = join(newFolder(), "store");
  await run(bare, dir);
  await run(labeled, dir);
  const duplicates = () => openStore(dir).query<{ id: string }>("SELECT id FROM duplicates").length;
  assert.equal(duplicates(), 2);
  assert.deepEqual(filesOf(openStore(dir)), ["c"]);
  await writeFiles(labeled, { "images/c.png": sampleImage(2) });
  const { notes } = await run(labeled, dir);
  assert.match(notes.join(), /2 files were copies of files that have changed/);
  assert.deepEqual((await run(bare, dir)).counts, { found: 2, stored: 1, unchanged: 1, quarantined: 0 });
  assert.equal(openStore(dir).cases.length, 2);
});

test("Ctrl-C is heard where nothing is new", async () => {
  const source = newFolder();
  await writePairs(source, 600);
  const dir = join(newFolder(), "store");
  await run(source, dir);
  const controller = new AbortController();
  setTimeout(() => controller.abort());
  const { isComplete, unchanged } = await ingest([source], { store: dir }, () => {}, controller.signal);
  assert.ok(!isComplete && unchanged < 600);
});
