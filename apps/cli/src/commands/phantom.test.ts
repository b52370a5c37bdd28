import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "..", "main.ts");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-phantom-"));
test.after(() => rmSync(root, { recursive: true }));

function phantom(...args: string[]) {
  return spawnSync(process.execPath, [main, "phantom", ...args], { encoding: "utf8" });
}

test("a table, the files, and what to do next", () => {
  const out = join(root, "liver");
  const { status, stdout } = phantom("--task", "liver", "--cases", "2", "--size", "64", "--out", out);
  assert.equal(status, 0);
  assert.match(stdout, /^task +patients +images +size +labels +seconds\n/);
  assert.match(stdout, /\nliver +2 +\d +64 +1 liver, 2 tumor +[\d.]+\n/);
  assert.match(stdout, /\nnext: medssl ingest .*liver --store DIR --labels "liver,tumor"\n/);
  const names = readFileSync(join(out, "cases.csv"), "utf8").trim().split("\n").slice(1);
  assert.equal(readdirSync(join(out, "masks")).length, names.length);
});

test("--json prints one object and nothing else", () => {
  const out = join(root, "eyes");
  const { status, stdout } = phantom("--task", "vessels", "--cases", "1", "--size", "64", "--out", out, "--json");
  assert.equal(status, 0);
  const { task, patients, images, labels } = JSON.parse(stdout);
  assert.deepEqual(
    { task, patients, images, labels },
    { task: "vessels", patients: 1, images: 2, labels: [{ value: 1, name: "vessels" }] },
  );
});

test("--mimic table1 makes the archives in their folders; a second run finds them", () => {
  const out = join(root, "miniatures");
  const args = ["--mimic", "table1", "--scale", "0.0001", "--out", out];
  const { status, stdout } = phantom(...args);
  assert.equal(status, 0);
  assert.match(stdout, /^archive +folder +patients +images\n/);
  assert.match(stdout, /\nMIMIC-CXR-JPG +mimic-cxr-jpg +\d+ +38\n/);
  assert.match(stdout, /\n85 images in [\d.]+ s\nnext: medssl ingest .*CheXpert-v1.0-small .*amos22 --store DIR\n/);
  const again = JSON.parse(phantom(...args, "--json").stdout);
  assert.deepEqual([again.images, again.isComplete, again.seconds], [85, true, 0]);
  assert.deepEqual(
    again.archives.map(({ folder }: { folder: string }) => folder).sort(),
    readdirSync(out)
      .filter((name) => name !== "table1.json")
      .sort(),
  );
});

test("what cannot be made is refused before anything is written", () => {
  const out = join(root, "none");
  for (const args of [
    ["--task", "brain"],
    ["--task", "lungs", "--cases", "0"],
    ["--task", "lungs", "--size", "12.5"],
    [],
    ["--mimic", "table2"],
    ["--mimic", "table1", "--scale", "2"],
    ["--mimic", "table1", "--task", "lungs"],
  ]) {
    const { status, stderr } = phantom(...args, "--out", out);
    assert.equal(status, 1);
    assert.match(stderr, /--(task|mimic|scale|cases|size)/);
  }
  assert.ok(!existsSync(out));
});
