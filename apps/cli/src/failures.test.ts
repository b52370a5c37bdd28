import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { failureOf } from "./failures.ts";

function thrownBy(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

test("what the system says about files is told with path and remedy", () => {
  const dir = mkdtempSync(join(tmpdir(), "medssl-cli-"));
  const file = join(dir, "file");
  writeFileSync(file, "");
  const missing = failureOf(thrownBy(() => readFileSync(join(dir, "nothing"))));
  assert.match(missing?.message ?? "", /nothing: no such file or folder/);
  const under = failureOf(thrownBy(() => writeFileSync(join(file, "below"), "")));
  assert.match(under?.message ?? "", /a file stands where a folder is needed/);
  const folder = failureOf(thrownBy(() => writeFileSync(dir, "")));
  assert.match(folder?.message ?? "", /a folder stands where a file is needed/);
  const full = failureOf(thrownBy(() => writeFileSync("/dev/full", "x")));
  if (process.platform === "linux") assert.match(full?.hint ?? "", /Free some space.*--resume/);
});

test("a damaged or unwritable catalog is told with what to do", () => {
  const path = join(mkdtempSync(join(tmpdir(), "medssl-cli-")), "catalog.sqlite");
  writeFileSync(path, "not a database, and longer than its header is");
  const damaged = failureOf(thrownBy(() => new DatabaseSync(path).exec("SELECT 1 FROM sqlite_schema")));
  assert.match(damaged?.hint ?? "", /ingest the images again/);
  const readOnly = new DatabaseSync(":memory:");
  readOnly.exec("PRAGMA query_only = 1");
  const unwritable = failureOf(thrownBy(() => readOnly.exec("CREATE TABLE t (a)")));
  assert.match(unwritable?.message ?? "", /cannot be written/);
  assert.equal(failureOf(thrownBy(() => readOnly.exec("SELECT a FROM nothing"))), undefined);
});

test("libtorch without memory is told; its other errors are ours to mend, as all else is", () => {
  const torchError = (message: string) => Object.assign(new Error(message), { code: "ERR_TORCH" });
  assert.match(failureOf(torchError("aten::mm: CUDA out of memory. Tried to allocate"))?.hint ?? "", /batchSize/);
  assert.equal(failureOf(torchError("aten::mm: shapes cannot be multiplied")), undefined);
  assert.equal(failureOf(new TypeError("x is not a function")), undefined);
  const own = new MedsslError("ERR_X", "text");
  assert.equal(failureOf(own), own);
});
