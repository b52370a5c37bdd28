import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "..", "main.ts");
const fixtures = join(import.meta.dirname, "../../../../packages/imaging/src/dicom/fixtures-volumes");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-deidentify-"));
test.after(() => rmSync(root, { recursive: true }));

const source = join(root, "source");
test.before(() => {
  mkdirSync(source);
  copyFileSync(join(fixtures, "image.dcm"), join(source, "a.dcm"));
  copyFileSync(join(fixtures, "derived.dcm"), join(source, "b.dcm"));
  writeFileSync(join(source, "c.dcm"), `${"\0".repeat(128)}DICM and no more`);
  writeFileSync(join(source, "readme.txt"), "text");
});

function deidentify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "deidentify", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the table counts what became of the files, and broken ones are listed", () => {
  const { status, stdout } = deidentify(source, "--out", join(root, "table"));
  assert.equal(status, 0);
  const [header, , counts] = stdout.split("\n");
  assert.match(header!, /^found +written +held back +repeated +broken +not DICOM +patients +studies +series$/);
  assert.deepEqual(counts!.trim().split(/ +/).map(Number), [4, 2, 0, 0, 1, 1, 1, 1, 2]);
  assert.match(stdout, /\nERR_DICOM_CORRUPT: 1\n {2}.*c\.dcm/);
});

test("--json prints one object and nothing else; the salt file is made", () => {
  const salt = join(root, "salt");
  const { status, stdout } = deidentify(source, "--out", join(root, "json"), "--json", "--salt-file", salt);
  assert.equal(status, 0);
  const { found, written, broken, foreign, heldBack, repeated, problems } = JSON.parse(stdout);
  assert.equal(found, written + broken + foreign + heldBack + repeated);
  assert.deepEqual([written, problems.length], [2, 1]);
  assert.equal(statSync(salt).mode & 0o777, 0o600);
});

test("exit code 1 when nothing can be written and for what the user can mend", () => {
  const nothing = join(root, "nothing");
  mkdirSync(nothing);
  const empty = deidentify(nothing, "--out", join(root, "empty"));
  assert.deepEqual([empty.status, /\nNothing could be written\.\n$/.test(empty.stdout)], [1, true]);
  const inside = deidentify(source, "--out", join(source, "copies"));
  assert.deepEqual([inside.status, /folder apart from the sources/.test(inside.stderr)], [1, true]);
  const way = deidentify(source, "--out", join(root, "way"), "--keep-dates", "kept");
  assert.deepEqual([way.status, /shifted, removed/.test(way.stderr)], [1, true]);
});
