import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withLock } from "./lock.mjs";

const scratch = mkdtempSync(join(tmpdir(), "medssl-lock-"));
after(() => rmSync(scratch, { recursive: true }));

test("the second waits for the first, and says so once", async () => {
  const folder = join(scratch, "shared");
  const events: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = withLock(
    folder,
    () => events.push("first waits"),
    async () => {
      events.push("first begins");
      await released;
      events.push("first ends");
    },
  );
  const second = withLock(
    folder,
    () => {
      events.push("second waits");
      release();
    },
    async () => events.push("second begins"),
  );
  await Promise.all([first, second]);
  assert.deepEqual(events, ["first begins", "second waits", "first ends", "second begins"]);
  assert.equal(existsSync(join(folder, "lock")), false);
});

test("a failure frees the folder", async () => {
  await assert.rejects(
    withLock(scratch, assert.fail, async () => assert.fail("work")),
    /work/,
  );
  assert.equal(await withLock(scratch, assert.fail, async () => 7), 7);
});

test("the lock of a process that is gone does not hold anybody up", async () => {
  const file = join(scratch, "lock");
  // No process has this number: Linux and macOS stop below it.
  writeFileSync(file, JSON.stringify({ host: hostname(), pid: 99_999_999 }));
  assert.equal(
    await withLock(
      scratch,
      () => {},
      async () => "taken",
    ),
    "taken",
  );
  writeFileSync(file, JSON.stringify({ host: "another machine", pid: process.pid }));
  utimesSync(file, new Date(), new Date(Date.now() - 60_000));
  assert.equal(
    await withLock(
      scratch,
      () => {},
      async () => "taken",
    ),
    "taken",
  );
});
