import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "..", "main.ts");
const fixtures = join(import.meta.dirname, "../../../../packages/imaging/src/fixtures");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-ingest-"));
test.after(() => rmSync(root, { recursive: true }));

const source = join(root, "source");
test.before(() => {
  for (const folder of ["images", "masks"]) mkdirSync(join(source, folder), { recursive: true });
  copyFileSync(join(fixtures, "gray8.png"), join(source, "images", "a.png"));
  copyFileSync(join(fixtures, "bilevel.png"), join(source, "masks", "a_mask.png"));
  writeFileSync(join(source, "images", "b.png"), "damaged");
});

function ingest(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "ingest", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the table counts what was found, names the labels and lists what was quarantined", () => {
  const store = join(root, "table");
  const { status, stdout } = ingest(source, "--store", store, "--size", "32x16", "--labels", "disc=255");
  assert.equal(status, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0]!, /^source +layout +found +stored +unchanged +quarantined +masks +patients$/);
  assert.match(lines[2]!, /^source +folder +2 +1 +0 +1 +1 +1$/);
  assert.match(stdout, /\nlabels {2}1 disc\n/);
  assert.match(stdout, /\n1 quarantined .*\n {2}ERR_IMAGE_FORMAT: 1\n {4}.*b\.png: expected an image/);
});

test("--json prints one object and nothing else", () => {
  const { status, stdout } = ingest(source, "--store", join(root, "json"), "--json");
  assert.equal(status, 0);
  const { found, stored, quarantined, labels } = JSON.parse(stdout);
  assert.deepEqual([found, stored, quarantined], [2, 1, 1]);
  assert.deepEqual(labels, [{ value: 1, name: "foreground" }]);
});

test("exit code 1 when nothing can be used and for what the user can mend", () => {
  const broken = join(root, "broken");
  mkdirSync(broken);
  writeFileSync(join(broken, "a.png"), "damaged");
  const unusable = ingest(broken, "--store", join(root, "unusable"));
  assert.equal(unusable.status, 1);
  assert.match(
    unusable.stdout,
    /\nNothing could be used\.\n\n1 files: 0 stored, 0 unchanged, 1 quarantined in .* s; the store holds 0 images\n$/,
  );
  const missing = ingest(join(root, "nowhere"), "--store", join(root, "never"));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nowhere: no such folder/);
  const size = ingest(source, "--store", join(root, "never"), "--size", "8");
  assert.equal(size.status, 1);
  assert.match(size.stderr, /from 16 to 8192/);
});
