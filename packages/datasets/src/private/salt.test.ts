import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSalt } from "./salt.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-salt-"));
test.after(() => rmSync(folder, { recursive: true }));

test("a salt is made once, random, and readable by its owner alone", () => {
  const path = join(folder, "new", "salt");
  const salt = readSalt(path);
  assert.equal(salt.length, 32);
  assert.deepEqual(readSalt(path), salt);
  assert.notDeepEqual(readSalt(join(folder, "other")), salt);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a salt is the bytes that its digits name", () => {
  const path = join(folder, "known");
  writeFileSync(path, `${"00ff".repeat(16)}\r\n`);
  assert.deepEqual(readSalt(path).slice(0, 4), Uint8Array.of(0, 255, 0, 255));
});

test("a file that is no salt is refused and left as it is", () => {
  for (const [name, text] of [
    ["short", "00ff"],
    ["words", "x".repeat(64)],
    ["empty", ""],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, text);
    assert.throws(() => readSalt(path), { code: "ERR_SALT" });
    assert.equal(statSync(path).size, text.length);
  }
});
