import assert from "node:assert/strict";
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isMostly, sampleImages } from "./image-sample.ts";
import { sampleSource } from "./sample-source.ts";
import { SourceFolder } from "./source-folder.ts";

test("files in the order of names, without what archives and systems add", () => {
  const source = sampleSource("b/2.png", "b/1.png", "a.png", "._a.png", "__MACOSX/b/1.png", ".cache/x.png", "B/0.png");
  const folder = new SourceFolder(source);
  assert.deepEqual([...folder.walk()], ["B/0.png", "a.png", "b/1.png", "b/2.png"]);
  assert.deepEqual(folder.folders(), ["B", "b"]);
  assert.deepEqual(folder.names("b"), ["1.png", "2.png"]);
  assert.deepEqual(folder.names("nowhere"), []);
  assert.deepEqual(folder.sample(2), ["B/0.png", "a.png"]);
});

test("links to folders are followed, each folder once", () => {
  const source = sampleSource("real/a.png");
  symlinkSync(source, join(source, "loop"));
  symlinkSync(join(source, "real"), join(source, "again"));
  symlinkSync(join(source, "gone"), join(source, "dangling.png"));
  assert.deepEqual([...new SourceFolder(source).walk()], ["again/a.png", "dangling.png"]);
});

test("folders that may not be read are known", { skip: process.getuid?.() === 0 && "root may read all" }, () => {
  const source = sampleSource("closed/a.png", "open/b.png");
  chmodSync(join(source, "closed"), 0);
  const folder = new SourceFolder(source);
  assert.deepEqual([...folder.walk()], ["open/b.png"]);
  assert.deepEqual([...folder.unreadable], ["closed"]);
  chmodSync(join(source, "closed"), 0o700);
});

test("a table is found packed or not", async () => {
  const folder = new SourceFolder(sampleSource({ "a.csv": "x\n1\n", "b.csv.gz": "" }));
  assert.deepEqual(
    ["a.csv", "b.csv", "c.csv"].map((name) => folder.table(name)),
    ["a.csv", "b.csv.gz", undefined],
  );
  assert.deepEqual(await Array.fromAsync(folder.csv("a.csv")), [{ x: "1" }]);
  assert.deepEqual(await Array.fromAsync(folder.csv("c.csv")), []);
  assert.equal(await folder.index("c.csv", () => ""), undefined);
});

test("a look at a folder shows all its parts, however many files lie first", () => {
  const many = Array.from({ length: 500 }, (_, i) => `a/${String(i).padStart(3, "0")}.png`);
  const folder = new SourceFolder(sampleSource(...many, "b/x/1.jpg", "c/2.jpg", "d/readme.txt"));
  const sample = sampleImages(folder);
  assert.ok(sample.includes("b/x/1.jpg") && sample.includes("c/2.jpg") && sample.length < 40);
  assert.deepEqual([sample[0], sample.findLast((path) => path.startsWith("a/"))! > "a/400"], ["a/000.png", true]);
  assert.ok(isMostly(folder, (path) => path.startsWith("a/")));
  assert.ok(!isMostly(folder, (path) => path.endsWith(".jpg")));
  assert.ok(!isMostly(new SourceFolder(sampleSource()), () => true));
});
