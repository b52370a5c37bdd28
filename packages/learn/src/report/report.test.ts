import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import type { Study } from "@medssl/contract";
import { parseHTML } from "linkedom";
import { latexTable } from "./latex.ts";
import { writeReport } from "./report.ts";
import { syntheticStudy, withDice, withPatients, writeSyntheticPictures } from "./synthetic-study.ts";

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

test("a report is a page, figures as SVG and PNG, three tables, and one as LaTeX", async () => {
  const { dir, files } = await page(syntheticStudy());
  assert.deepEqual(
    readdirSync(dir)
      .filter((name) => name !== "runs" && name !== "pictures")
      .sort(),
    ["cases.csv", "cells.csv", "figures", "index.html", "summary.csv", "table.tex"],
  );
  const names = ["overview", "figure-1", "figure-2", "figure-3", "ablation", "figure-4", "figure-5", "figure-6"];
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
  assert.equal([...document.querySelectorAll("pre")].at(-1)?.textContent, evil);
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
    ["92.691.7\u201393.5, 1 draw", "\u2013", "\u2013", "\u2013"],
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
    "What it cost",
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
    "Gains in Dice points",
  ]);
});

test("what cannot be trusted is said first, and in red", async () => {
  const notes = [
    { level: "error", text: "The leak check failed and was overridden." },
    { level: "warning", text: "1% of 12 training patients is 1 patient (8%), not 1%." },
  ] as const;
  const { document } = await page({ ...syntheticStudy({ arms: ["unet"], fractions: [1] }), notes });
  const banners = [...document.querySelectorAll("header .banner")].map((node) => [node.className, node.textContent]);
  assert.deepEqual(banners, [
    ["banner error", "Not to be trusted: The leak check failed and was overridden."],
    ["banner warning", "Mind: 1% of 12 training patients is 1 patient (8%), not 1%."],
  ]);
});

test("bold is the one arm of a column that is clearly ahead of every other", async () => {
  const bold = async (study: Study) =>
    [...(await page(study)).document.querySelectorAll("table")[0]!.querySelectorAll("td.best span")].map(
      (node) => node.textContent,
    );
  const study = syntheticStudy({ arms: ["unet", "scratch", "mim+acl"], fractions: [1], draws: 3 });
  assert.deepEqual(await bold(study), ["93.2"]);
  assert.deepEqual(await bold(withPatients(study, 5)), []);
  assert.deepEqual(await bold(withDice(study, "unet", 1, [0.9261, 0.9375, 0.932])), [], "two arms are level");
});

test("the worst cases of the main arm stand beside the other arms'", async () => {
  const study = syntheticStudy({ arms: ["scratch", "mim"], fractions: [1], draws: 1 });
  const arms = study.cells.map(({ arm, examples }) => ({
    arm,
    dice: 0.5,
    hd95Mm: 12.34,
    picture: examples[0]!.picture,
  }));
  const cases = [{ case: "lungs/case-1", arms }];
  const failures = (["dice", "hd95"] as const).map((metric) => ({ metric, fraction: 1, draw: 0, cases }));
  const { document } = await page({ ...study, failures });
  assert.ok(document.querySelector("nav a[href='#failures']"));
  const captions = [...document.querySelectorAll("figcaption")].map((node) => node.textContent);
  assert.equal(captions.filter((text) => /Scratch Dice 50\.0, HD95 12\.3 mm/.test(text)).length, 2);
  assert.equal(captions.filter((text) => /MIM Dice 50\.0, HD95 12\.3 mm/.test(text)).length, 2);
});

test("the LaTeX table has a row an arm, escapes names, and prints bold only where it is justified", () => {
  const study = syntheticStudy({
    title: "50% of R&D_1",
    arms: ["unet", "scratch", "mim+acl"],
    fractions: [1, 100],
    draws: 3,
  });
  const lines = latexTable(study).split("\n");
  assert.match(lines.join(" "), /\\caption\{50\\% of R\\&D\\_1: test Dice/);
  assert.ok(lines.includes("Labels & 1\\% & 100\\% \\\\"));
  assert.match(
    lines.find((line) => line.startsWith("MIM+ACL &")) ?? "",
    /^MIM\+ACL & \\textbf\{93\.2\} \{\\small \(9\d\.\d--9\d\.\d\)\} & 94\.8 /,
  );
  assert.doesNotMatch(latexTable(withPatients(study, 5)), /textbf/);
  assert.match(latexTable(withPatients(study, 5)), /too few to tell arms apart/);
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
