import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { RunEvent } from "@medssl/contract";
import { readImage } from "@medssl/imaging";
import { ingest } from "../ingest/ingest.ts";
import { parseLabels } from "../label-rule.ts";
import { openStore } from "../store/store.ts";
import { phantomLabels } from "./phantom.ts";
import { writePhantoms } from "./phantom-folder.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-phantoms-"));
after(() => rmSync(root, { recursive: true }));
const ignore = () => {};

test("a folder of phantoms is made, told about, and ingested as it is", async () => {
  const dir = join(root, "liver");
  const events: RunEvent[] = [];
  const summary = await writePhantoms({ dir, task: "liver", cases: 3, seed: 7, size: 64 }, (event) =>
    events.push(event),
  );
  assert.equal(summary.patients, 3);
  assert.ok(summary.isComplete && summary.images >= 3);
  assert.equal(readdirSync(join(dir, "images")).length, summary.images);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["start", ...Array(summary.images).fill("step"), "done"],
  );
  const labels = phantomLabels("liver")
    .map(({ name }) => name)
    .join(",");
  const store = join(root, "store");
  const result = await ingest([dir], { store, width: 64, height: 64, labels: parseLabels(labels) }, ignore);
  assert.deepEqual([result.found, result.stored, result.quarantine], [summary.images, summary.images, []]);
  const { cases } = openStore(store);
  assert.equal(new Set(cases.map(({ patient }) => patient)).size, 3);
  assert.ok(cases.every(({ hasMask }) => hasMask));
});

test("the same settings give the same bytes; another set does not mix in", async () => {
  const settings = { task: "vessels", cases: 1, seed: 3, size: 64 } as const;
  const [one, two] = [join(root, "one"), join(root, "two")];
  for (const dir of [one, two, two]) await writePhantoms({ ...settings, dir }, ignore);
  for (const kind of ["images", "masks"]) {
    for (const name of readdirSync(join(one, kind))) {
      assert.deepEqual(readFileSync(join(one, kind, name)), readFileSync(join(two, kind, name)));
    }
  }
  const [name] = readdirSync(join(one, "images"));
  const { width, channels } = await readImage(join(one, "images", name!));
  assert.deepEqual([width, channels], [64, 3]);
  await assert.rejects(writePhantoms({ ...settings, seed: 4, dir: two }, ignore), { code: "ERR_PHANTOM_FOLDER" });
});

test("a whole folder is left as it is; what is missing or of another size is made again", async () => {
  const settings = { dir: join(root, "again"), task: "lungs", cases: 2, seed: 3, size: 64 } as const;
  const steps = async (size: number) => {
    let count = 0;
    const summary = await writePhantoms({ ...settings, size }, (event) => {
      if (event.type === "step") count += 1;
    });
    assert.deepEqual([summary.images, summary.isComplete], [2, true]);
    return count;
  };
  assert.equal(await steps(64), 2);
  assert.equal(await steps(64), 0);
  rmSync(join(settings.dir, "masks", readdirSync(join(settings.dir, "masks"))[1]!));
  assert.equal(await steps(64), 2);
  assert.equal(await steps(96), 2);
});

test("patients of different seeds have different names and pictures", async () => {
  const dirs = [5, 6].map((seed) => join(root, `seed-${seed}`));
  for (const [i, dir] of dirs.entries())
    await writePhantoms({ dir, task: "lungs", cases: 1, seed: 5 + i, size: 64 }, ignore);
  const names = dirs.map((dir) => readdirSync(join(dir, "images"))[0]!);
  assert.notEqual(names[0], names[1]);
  assert.notDeepEqual(...(dirs.map((dir, i) => readFileSync(join(dir, "images", names[i]!))) as [Buffer, Buffer]));
});

test("an interrupted run leaves no manifest", async () => {
  const dir = join(root, "interrupted");
  const controller = new AbortController();
  const stop = (event: RunEvent) => event.type === "step" && controller.abort();
  const summary = await writePhantoms({ dir, task: "lungs", cases: 4, seed: 1, size: 64 }, stop, controller.signal);
  assert.deepEqual([summary.images, summary.isComplete], [1, false]);
  assert.ok(!existsSync(join(dir, "cases.csv")));
});
