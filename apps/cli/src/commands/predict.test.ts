import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { encodePng } from "@medssl/imaging";

const main = join(import.meta.dirname, "..", "main.ts");
const tinyModel = fileURLToPath(new URL("../../../../packages/segmenter/src/fixtures/tiny-model", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medssl-cli-predict-"));
test.after(() => rmSync(root, { recursive: true }));

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", cwd: root });
  return { status, stdout, stderr };
}

test.before(async () => {
  mkdirSync(join(root, "films"));
  for (const name of ["a", "b"]) {
    const data = Uint8Array.from({ length: 40 * 32 }, (_, i) => (name === "a" ? i % 256 : 255 - (i % 200)));
    writeFileSync(join(root, "films", `${name}.png`), await encodePng({ width: 32, height: 40, channels: 1, data }));
  }
  writeFileSync(join(root, "films", "broken.png"), "none");
});

test("an exported model on a folder: a table, what was skipped, and the same again as JSON without the model's work", () => {
  const { status, stdout, stderr } = medssl("predict", "--model", tinyModel, "films", "--out", "out");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^image +first % +second %\n-/);
  assert.match(stdout, /\nfilms\/a.png +\d+\.\d +\d+\.\d\n/);
  assert.match(stdout, /\n2 images in out; all numbers in predictions.csv/);
  assert.match(stdout, /\nskipped films\/broken.png: /);
  const again = medssl("predict", "--model", tinyModel, "films", "--out", "out", "--json");
  assert.equal(again.status, 0, again.stderr);
  const report = JSON.parse(again.stdout);
  assert.equal(report.numKept, 2);
  assert.deepEqual(report, JSON.parse(readFileSync(join(root, "out", "predictions.json"), "utf8")));
});

test("its own masks as truth: Dice 100 %", () => {
  medssl("predict", "--model", tinyModel, "films", "--out", "truth");
  const args = ["--model", tinyModel, "films", "--out", "measured", "--truth", "truth/masks"];
  const { status, stdout, stderr } = medssl("predict", ...args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\nfirst: Dice 100.00 % over 2 images with truth\n/);
});

test("a truth of which no image has one is told of at the end, with exit code 1; the results stay", () => {
  mkdirSync(join(root, "others"));
  cpSync(join(root, "out", "masks", "a.png"), join(root, "others", "c.png"));
  const args = ["predict", "--model", tinyModel, "films", "--out", "unpaired", "--truth", "others"];
  const { status, stdout } = medssl(...args);
  assert.equal(status, 1);
  const sentence = /No image has a truth of its name in others\. Looked for \(with any ending\): a, b$/;
  assert.match(stdout.trimEnd(), sentence);
  const again = medssl(...args, "--json");
  assert.equal(again.status, 1);
  const { numKept, unmeasured } = JSON.parse(again.stdout);
  assert.equal(numKept, 2);
  assert.match(unmeasured, sentence);
});

test("a truth that fits in its name only is told of with the reason", async () => {
  mkdirSync(join(root, "small"));
  const data = new Uint8Array(16);
  writeFileSync(join(root, "small", "a.png"), await encodePng({ width: 4, height: 4, channels: 1, data }));
  const { status, stdout } = medssl("predict", "--model", tinyModel, "films", "--out", "out", "--truth", "small");
  assert.equal(status, 1);
  assert.match(stdout, /\nNo image could be measured against small, such as .*a\.png has 32x40 pixels, its reference/);
});

test("interrupted before there is anything to tell, it is JSON all the same", () => {
  const interrupting = `--import=data:text/javascript,${encodeURIComponent(`
    const timer = setInterval(() => {
      if (process.listenerCount("SIGINT") === 0) return;
      clearInterval(timer);
      setTimeout(() => process.emit("SIGINT"), 500);
    }, 1);`)}`;
  // Nobody listens there: it is tried again and again.
  const nowhere = ["--pacs", "http://127.0.0.1:1", "--study", "1.2"];
  const args = [interrupting, main, "predict", "--model", tinyModel, ...nowhere, "--out", "never", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
  assert.equal(status, 130, stderr);
  assert.deepEqual(JSON.parse(stdout), { isComplete: false });
});

test("an input that is not there is told of before anything is made", () => {
  const { status, stderr } = medssl("predict", "--model", tinyModel, "films", "nowhere", "--out", "unmade");
  assert.equal(status, 1);
  assert.match(stderr, /nowhere: no such file or folder/);
  assert.ok(!existsSync(join(root, "unmade")));
});

test("what the user has to mend is a sentence and exit code 1", () => {
  const mistakes: [args: string[], message: RegExp][] = [
    [["--model", "films", "films"], /films: expected a folder with run.json or model.json, found neither/],
    [["--model", tinyModel], /expected images, folders, or a study of a PACS/],
    [["--model", tinyModel, "films", "--format", "jpg"], /Expected some of png, nifti, seg, seg-fractional, got "jpg"/],
    [["--model", tinyModel, "films", "--study", "1.2"], /--study: expected --pacs/],
    [["--model", tinyModel, "films", "--precision", "int8"], /expected weights of int8, there are fp32/],
    [["--model", tinyModel, "films/broken.png"], /skipped .*broken.png/],
  ];
  for (const [args, message] of mistakes) {
    const { status, stdout, stderr } = medssl("predict", ...args, "--out", "mistaken");
    assert.equal(status, 1, args.join(" "));
    assert.match(stdout + stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});
