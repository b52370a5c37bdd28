import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_SIZE, sampleImage, sampleMask, writePairs } from "../sample-folder.ts";
import { readCase } from "../store/case-pixels.ts";
import { readNpyRow } from "../store/npy-file.ts";
import { openStore } from "../store/store.ts";
import { ingest } from "./ingest.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-interruption-"));
test.after(() => rmSync(root, { recursive: true }));

const COUNT = 150;
const options = { width: SAMPLE_SIZE, height: SAMPLE_SIZE };
const source = join(root, "source");
test.before(() => writePairs(source, COUNT));

/** Every case is there once, with the pixels of its file. */
function assertWhole(dir: string): void {
  const store = openStore(dir);
  assert.equal(store.cases.length, COUNT);
  for (const [i, one] of store.cases.entries()) {
    assert.deepEqual(readCase(store, one), { image: sampleImage(i), labels: one.hasMask ? sampleMask(1) : undefined });
  }
}

test("an aborted ingest keeps what it has, is a valid store, and goes on", async () => {
  const store = join(root, "aborted");
  const controller = new AbortController();
  const stopAt = (step: number) => (event: { type: string; step?: number }) => {
    if (event.type === "step" && event.step === step) controller.abort();
  };
  const cut = await ingest([source], { store, ...options }, stopAt(37), controller.signal);
  assert.deepEqual([cut.isComplete, cut.stored], [false, 37]);
  assert.equal(openStore(store).cases.length, 37);
  const rest = await ingest([source], { store }, () => {});
  assert.deepEqual([rest.isComplete, rest.stored, rest.unchanged], [true, COUNT - 37, 37]);
  assertWhole(store);
});

test("a killed ingest loses only what was not committed and leaves nothing half-written", async () => {
  const store = join(root, "killed");
  const program = `
    import { ingest } from ${JSON.stringify(join(import.meta.dirname, "ingest.ts"))};
    await ingest(${JSON.stringify([source])}, ${JSON.stringify({ store, ...options })}, (event) => {
      // The pause makes the next case commit what came before.
      if (event.step === 80) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
      if (event.step === 100) process.kill(process.pid, "SIGKILL");
    });`;
  const { signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", program]);
  assert.equal(signal, "SIGKILL");
  assert.throws(() => openStore(store), { code: "ERR_STORE_INCOMPLETE" });
  // Row 90 was written with its mask but not committed; now its mask is gone, and must be from the row too.
  rmSync(join(source, "masks", "a090.png"));
  const rest = await ingest([source], { store }, () => {});
  assert.deepEqual([rest.stored, rest.unchanged, rest.quarantined], [COUNT - 81, 81, 0]);
  assertWhole(store);
  const { cases, shards } = openStore(store);
  assert.equal(cases[90]?.hasMask, false);
  assert.ok(
    readNpyRow(shards[0]!.maskPath!, cases[90]!.row, { ...options, dtype: "uint8" }).every((label) => label === 0),
  );
});
