import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sampleImage, sampleMask, writeFiles } from "../sample-folder.ts";
import { readCase } from "../store/case-pixels.ts";
import { openStore } from "../store/store.ts";
import { type IngestOptions, ingest } from "./ingest.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-parts-"));
test.after(() => rmSync(root, { recursive: true }));

const source = join(root, "source");
const size = { width: 24, height: 24, patientPattern: /^(p\d)/ };
const run = (options: IngestOptions) => ingest([source], options, () => {});
const shardOf = (store: string, index: number, count = 3) => run({ store, ...size, shard: { index, count } });

test.before(async () => {
  for (let i = 0; i < 10; i++) {
    await writeFiles(source, { [`p${i % 4}_${i}.png`]: sampleImage(i) });
    if (i % 3 === 0) await writeFiles(source, { [`p${i % 4}_${i}_mask.png`]: sampleMask() });
  }
  await writeFiles(source, { "broken.png": "damaged", "p9_copy.png": sampleImage(4) });
});

/** What a store holds, whatever the order. */
function contentsOf(dir: string) {
  const store = openStore(dir);
  const rows = store.cases.map((one) => ({ file: store.fileOf(one), ...readCase(store, one) }));
  return rows.sort((a, b) => (a.file! < b.file! ? -1 : 1));
}

test("shards of one ingest give the store that one process gives", async () => {
  const whole = join(root, "whole");
  await run({ store: whole, ...size });
  const dir = join(root, "shared");
  const results = [];
  for (const index of [2, 1, 3]) {
    if (index !== 2) assert.throws(() => openStore(dir), { code: "ERR_STORE_INCOMPLETE" });
    results.push(await shardOf(dir, index));
  }
  assert.deepEqual(
    results.map(({ shard }) => shard?.isMerged),
    [false, false, true],
  );
  const total = results.reduce((sum, { found }) => sum + found, 0);
  assert.equal(total, 12);
  for (const { found, stored, unchanged, quarantined } of results) {
    assert.equal(found, stored + unchanged + quarantined);
  }
  assert.deepEqual(contentsOf(dir), contentsOf(whole));
  const [one, other] = [openStore(dir).info, openStore(whole).info];
  assert.deepEqual({ ...one, created: "", salt: "" }, { ...other, created: "", salt: "" });
  assert.ok(!existsSync(join(dir, "parts")));
});

test("a shared ingest that is done finds nothing to do; new files reach the same store", async () => {
  const dir = join(root, "shared");
  const again = [];
  for (const index of [1, 2, 3]) again.push(await shardOf(dir, index));
  assert.deepEqual(
    again.map(({ stored }) => stored),
    [0, 0, 0],
  );
  await writeFiles(source, { "p0_new.png": sampleImage(50) });
  const later = [];
  for (const index of [1, 2, 3]) later.push(await shardOf(dir, index));
  assert.equal(
    later.reduce((sum, { stored }) => sum + stored, 0),
    1,
  );
  assert.equal(openStore(dir).cases.length, 11);
  assert.deepEqual((await run({ store: dir, ...size })).stored, 0);
});

test("parts of another number of shards are refused", async () => {
  const dir = join(root, "differ");
  await shardOf(dir, 1);
  await assert.rejects(shardOf(dir, 1, 4), { code: "ERR_SHARDS_DIFFER", message: /01-of-03/ });
});

test("shards keep the rules of one process: a mask wins, a pattern given later counts, a series may shrink", async () => {
  const labeled = join(root, "labeled");
  const bare = join(root, "bare");
  for (let i = 0; i < 4; i++) {
    await writeFiles(bare, { [`x${i}.png`]: sampleImage(70 + i) });
    await writeFiles(labeled, { [`images/y${i}.png`]: sampleImage(70 + i), [`masks/y${i}.png`]: sampleMask() });
  }
  const dir = join(root, "rules");
  const share = async (options: Partial<IngestOptions> = {}) => {
    for (const index of [1, 2, 3]) {
      await ingest(
        [bare, labeled],
        { store: dir, width: 24, height: 24, ...options, shard: { index, count: 3 } },
        () => {},
      );
    }
  };
  await share();
  const { cases } = openStore(dir);
  assert.deepEqual([cases.length, cases.every(({ hasMask }) => hasMask)], [4, true]);
  await share({ patientPattern: /([xy])/ });
  const { info } = openStore(dir);
  assert.deepEqual([info.patients, info.sources.map(({ arePatientsKnown }) => arePatientsKnown)], [1, [true]]);
});

test("a shard without anything to do is done, not failed", async () => {
  const dir = join(root, "many");
  for (let index = 1; index <= 15; index++) {
    const { found, isComplete } = await shardOf(dir, index, 15);
    assert.ok(isComplete && found <= 1);
  }
  assert.equal(openStore(dir).cases.length, 11);
});

test("shards of different sizes are not put together, and nothing is lost", async () => {
  const dir = join(root, "sizes");
  await shardOf(dir, 1, 2);
  const other = { store: dir, ...size, width: 32, shard: { index: 2, count: 2 } };
  await assert.rejects(run(other), { code: "ERR_SHARDS_DIFFER", message: /02-of-02: it was made with other recipes/ });
  rmSync(join(dir, "parts", "02-of-02"), { recursive: true });
  await shardOf(dir, 2, 2);
  assert.equal(openStore(dir).cases.length, 11);
});
