import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import type { Study } from "@medssl/contract";
import { parseHTML } from "linkedom";
import { writeReport } from "./report.ts";
import { syntheticStudy, writeSyntheticPictures } from "./synthetic-study.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-report-"));
after(() => rmSync(root, { recursive: true }));

async function page(study: Study, options: { hasPictures: boolean } = { hasPictures: true }) {
  const dir = mkdtempSync(join(root, "study-"));
  if (options.hasPictures) writeSyntheticPictures(study, dir);
  const files = await writeReport(study, dir);
  const text = readFileSync(files.html, "utf8");
  return { dir, files, text, document: parseHTML(text).document };
}

const headings = (document: Document) => [...document.querySelectorAll("h2")].map((node) => node.textContent);

test("a report is a page, figures as SVG and PNG, and three tables", async () => {
  const { dir, files } = await page(syntheticStudy());
  assert.deepEqual(
    readdirSync(dir)
      .filter((name) => name !== "runs" && name !== "pictures")
      .sort(),
    ["cases.csv", "cells.csv", "figures", "index.html", "summary.csv"],
  );
  const names = ["overview", "figure-1", "figure-2", "figure-3", "figure-4", "figure-5"];
  assert.deepEqual(
    files.figures.map((path) => basename(path)),
    names.flatMap((name) => [`${name}.svg`, `${name}.png`]),
  );
  for (const path of files.figures) {
    const content = readFileSync(path);
    if (path.endsWith(".svg"))
      assert.match(content.toString(), /^<\?xml .*\n<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    else assert.equal(content.readUInt32BE(16), 3 * 760, "width of the PNG"); // IHDR
  }
});

test("the page needs nothing outside itself and runs no script", async () => {
  const { text, document } = await page(syntheticStudy({ labels: ["lungs", "heart"] }));
  assert.doesNotMatch(text, /https?:\/\//);
  assert.doesNotMatch(text, /<script|@import|url\(|javascript:| on[a-z]+=/i);
  for (const node of document.querySelectorAll("[src], [href]")) {
    assert.match(node.getAttribute("src") ?? node.getAttribute("href") ?? "", /^(data:|#)/);
  }
  assert.equal(document.querySelectorAll("img").length, 4 * 3 + 2);
});

test("links in the page have their targets", async () => {
  const { document } = await page(syntheticStudy());
  const targets = [...document.querySelectorAll("nav a")].map((node) => node.getAttribute("href")!.slice(1));
  assert.ok(targets.length > 5);
  for (const id of targets) assert.ok(document.getElementById(id), id);
});

test("text of the study is escaped everywhere", async () => {
  const evil = `<img src=x onerror=alert(1)>"'&`;
  const plain = syntheticStudy({ title: evil, labels: [evil], arms: ["unet", "scratch"], fractions: [1] });
  const cells = plain.cells.map((cell) => ({
    ...cell,
    patients: [evil],
    examples: cell.examples.map((example) => ({ ...example, case: evil })),
  }));
  const { text, document } = await page({
    ...plain,
    cells,
    command: evil,
    omitted: evil,
    settings: { [evil]: { [evil]: evil } },
  });
  assert.doesNotMatch(text, /<img src=x/);
  assert.equal(document.querySelector("h1")?.textContent, evil);
  assert.equal(document.querySelector("pre")?.textContent, evil);
});

test("settings, split, draws, machine and command are all there", async () => {
  const study = syntheticStudy();
  const { document } = await page(study);
  const text = document.querySelector("body")!.textContent;
  const rows = new Map(
    [...document.querySelectorAll("table.settings tr")].map((row) => [
      row.children[0]!.textContent,
      row.children[1]!.textContent,
    ]),
  );
  assert.equal(rows.get("acl.temperature"), "0.2");
  assert.equal(rows.get("betas"), "0.9, 0.95");
  assert.equal(rows.get("freeze"), "no");
  assert.equal(rows.get("torch"), "2.15.0");
  assert.equal(rows.get("test"), "141 patients, 141 images");
  assert.equal(rows.get("mim+acl 10% draw 1")?.startsWith("200 steps, 3"), true);
  assert.ok(text.includes(study.command));
  assert.ok(text.includes(study.omitted));
  assert.ok(text.includes("1%, draw 1, 6 patients: P0102, P0139, P0176, P0213, P0250, P0287"));
  assert.match(text, /mean and the standard deviation of the true patch/);
});

test("a study at work says so and reports the cells that it has", async () => {
  const study = syntheticStudy({
    isFinished: (cell) => cell.fraction === 1 && !(cell.arm === "mim+acl" && cell.draw === 1),
  });
  const { document } = await page(study);
  assert.match(document.querySelector(".banner")?.textContent ?? "", /7 of 28 models are trained/);
  const cells = [...document.querySelectorAll("main table")][0]!.querySelectorAll("td");
  assert.deepEqual(
    [...cells].slice(12).map((cell) => cell.textContent),
    ["92.6one draw", "\u2013", "\u2013", "\u2013"],
  );
  assert.equal((await page(syntheticStudy())).document.querySelector(".banner"), null);
});

test("one draw, one fraction, one arm still make a report", async () => {
  const { document, files } = await page(syntheticStudy({ arms: ["unet"], fractions: [10], draws: 1 }));
  assert.deepEqual(headings(document), [
    "Results",
    "Paired differences",
    "Predictions beside the truth",
    "Training curves",
    "Settings, split and machine",
    "Numbers",
  ]);
  assert.equal(files.figures.length, 3 * 2);
  assert.match(
    document.querySelector("#paired")?.nextElementSibling?.nextElementSibling?.textContent ?? "",
    /No draw has two/,
  );
});

test("several classes get a table each for Dice and IoU", async () => {
  const { document } = await page(syntheticStudy({ labels: ["lungs", "heart", "clavicles"] }));
  const captions = [...document.querySelectorAll("caption")].map((node) => node.textContent);
  assert.deepEqual(captions, [
    "Dice, % (mean of 3 classes)",
    "IoU, % (mean of 3 classes)",
    "Dice by class, %",
    "IoU by class, %",
    "Paired differences in Dice points",
  ]);
});

test("a picture that is gone costs a sentence, not the report", async () => {
  const { document } = await page(syntheticStudy({ fractions: [1] }), { hasPictures: false });
  assert.equal(document.querySelectorAll("img").length, 0);
  assert.equal(document.querySelectorAll(".missing").length, 4 * 3 + 2);
});

test("a study without a finished cell has no report", async () => {
  const dir = mkdtempSync(join(root, "empty-"));
  await assert.rejects(writeReport(syntheticStudy({ isFinished: () => false }), dir), { code: "ERR_STUDY_EMPTY" });
  assert.equal(existsSync(join(dir, "index.html")), false);
});
