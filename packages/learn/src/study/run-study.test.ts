import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import {
  type FinetuneRecipe,
  finetuneSchema,
  parseRecipe,
  pretrainSchema,
  type RunEvent,
  type Study,
} from "@medssl/contract";
import { ingest, openStore, readSplit, Store, splitStores } from "@medssl/datasets";
import { setNumThreads } from "@medssl/torch";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { readRun } from "../training/run-directory.ts";
import { missingLabelNotes, missingLabels } from "./label-notes.ts";
import { runStudy } from "./run-study.ts";
import type { StudyOptions } from "./study-options.ts";

const dir = testFolder();
const study = join(dir, "study");
const small = { inputSize: 32, encoder: { patchSize: 8, embedDim: 16, depth: 1, numHeads: 2 }, steps: 2, batchSize: 4 };
let store: Store;
before(async () => {
  setNumThreads(1);
  store = await discStore(dir);
});

function run(options: Partial<StudyOptions> = {}) {
  return runStudy({
    title: "Discs",
    command: "npx medssl study",
    labeled: [store],
    unlabeled: [],
    dir: study,
    arms: ["unet", "scratch@vit", "mim"],
    fractions: [100, 20],
    draws: 2,
    head: "hybrid",
    pretrain: parseRecipe(pretrainSchema, { ...small, decoder: { embedDim: 16, depth: 1, numHeads: 2 } }),
    finetune: parseRecipe(finetuneSchema, small),
    seed: 3,
    testFraction: 0.3,
    device: "cpu",
    listen: () => {},
    omitted: "",
    ...options,
  });
}

test("an interrupted study goes on, and a second run trains nothing again", async () => {
  const controller = new AbortController();
  const stop = (event: RunEvent) => {
    if (event.type === "start" && event.name.includes("[4/")) controller.abort();
  };
  const first = await run({ listen: stop, signal: controller.signal });
  assert.equal(first.isComplete, false);
  assert.equal(first.study.cells.length, 2);
  assert.equal(first.study.plannedCells, 9);
  const before = statSync(join(study, "cells/unet-20-0/model.safetensors")).mtimeMs;
  const second = await run();
  assert.equal(second.isComplete, true);
  assert.equal(statSync(join(study, "cells/unet-20-0/model.safetensors")).mtimeMs, before);
  const names: string[] = [];
  await run({ listen: (event) => void (event.type === "start" && names.push(event.name)) });
  assert.deepEqual(names, []);
});

test("the matrix is whole, paired and measured on patients that nothing saw", async () => {
  const { study: result } = await run();
  const cells = result.cells.map(({ arm, fraction, draw }) => `${arm} ${fraction} ${draw}`);
  assert.deepEqual(cells, [
    ...[0, 1].flatMap((draw) => ["unet", "scratch@vit", "mim"].map((arm) => `${arm} 20 ${draw}`)),
    ...["unet", "scratch@vit", "mim"].map((arm) => `${arm} 100 0`),
  ]);
  const split = readSplit(join(study, "split.json"));
  for (const cell of result.cells) {
    const twin = result.cells.find(
      ({ arm, fraction, draw }) => arm === "unet" && fraction === cell.fraction && draw === cell.draw,
    );
    assert.deepEqual(cell.patients, twin?.patients, "draws are paired");
    assert.equal(cell.steps, 2);
    assert.deepEqual([...new Set(cell.scores.cases.map(({ patient }) => patient))].sort(), split.test.toSorted());
    assert.ok(cell.patients.every((patient) => split.train.includes(patient)));
    assert.equal(cell.examples.length, cell.draw === 0 ? 3 : 0);
    for (const { picture } of cell.examples) assert.ok(existsSync(join(study, picture)), picture);
  }
  assert.equal(
    readRun(join(study, "pretrain/mim")).images,
    2 * split.train.length,
    "test images are not pre-trained on",
  );
  assert.equal(result.cells.find(({ fraction }) => fraction === 20)?.labeledPatients, 2);
});

test("the report stands beside the numbers", async () => {
  const { report } = await run();
  assert.match(readFileSync(report, "utf8"), /<h1[^>]*>Discs/);
  const saved: Study = JSON.parse(readFileSync(join(study, "study.json"), "utf8"));
  assert.equal(saved.cells.length, 9);
  assert.equal(saved.pretraining[0]?.curve.length, 2);
  assert.ok(existsSync(join(study, saved.pretraining[0]!.reconstructions)));
});

test("more draws join a study, other settings do not", async () => {
  const { study: grown } = await run({ draws: 3, arms: ["unet"] });
  assert.equal(grown.cells.length, 4);
  await assert.rejects(run({ seed: 4 }), { code: "ERR_STUDY_SETTINGS", message: /\n {2}seed: 3 -> 4$/ });
});

test("a study that has grown and is stopped at once reports what was finished before", async () => {
  const controller = new AbortController();
  const { study: stopped, isComplete } = await run({
    arms: ["mim+acl", "unet", "scratch@vit", "mim"],
    listen: () => controller.abort(),
    signal: controller.signal,
  });
  assert.equal(isComplete, false);
  assert.equal(stopped.cells.length, 9);
});

test("images of test patients are not pre-trained on, whichever store holds them", async () => {
  const options = { dir: join(dir, "leak"), unlabeled: [store], arms: ["mim"], fractions: [20], draws: 1 };
  const { study: result } = await run(options);
  const { train } = readSplit(join(dir, "leak", "split.json"));
  assert.equal(result.pretraining[0]?.images, 2 * 2 * train.length, "each training image once in each store");
});

test("an official test without masks is not pre-trained on, where the split kept to the official one", async () => {
  const split = splitStores([store], { seed: 3, testFraction: 0.3 });
  const [hidden] = store.cases.filter(({ patient }) => split.train.includes(patient));
  // The same images as if the data set's authors kept one more patient for their test, whose masks nobody has.
  const cases = store.cases.map((one) =>
    one.patient === hidden!.patient ? { ...one, split: "test" as const, hasMask: false } : one,
  );
  const official = Object.defineProperty(new Store(store.dir, store.info), "cases", { value: cases });
  const kept = { ...split, train: split.train.filter((patient) => patient !== hidden!.patient) };
  const imagesOf = async (way: "official" | "seeded") => {
    const options = { dir: join(dir, `kept-${way}`), labeled: [official], arms: ["mim"], fractions: [20], draws: 1 };
    const sources = split.sources.map((source) => ({ ...source, way }));
    const { study: result } = await run({ ...options, split: { ...kept, sources } });
    return result.pretraining[0]?.images;
  };
  assert.equal(await imagesOf("official"), 2 * kept.train.length);
  assert.equal(await imagesOf("seeded"), 2 * split.train.length);
});

test("unlabelled stores of another salt are refused, or told of where the split was given", async () => {
  const other = await discStore(join(dir, "salted"), 2);
  const options = { dir: join(dir, "salts"), unlabeled: [other], arms: ["unet"], fractions: [100], draws: 1 };
  await assert.rejects(run(options), { code: "ERR_SALTS_DIFFER", hint: /--salt-file/ });
  const notes: string[] = [];
  const listen = (event: RunEvent) => void (event.type === "note" && notes.push(event.message));
  await run({ ...options, split: splitStores([store], { seed: 3, testFraction: 0.3 }), listen });
  assert.match(notes.join(), /different salts; who is held out may be pre-trained on/);
});

test("stores whose labels differ are not joined", async () => {
  const renamed = new Store(store.dir, { ...store.info, labels: [{ value: 1, name: "ring" }] });
  await assert.rejects(run({ dir: join(dir, "mixed"), labeled: [store, renamed], arms: ["unet"] }), {
    code: "ERR_LABELS_DIFFER",
    message: /1 ring/,
  });
});

test("a study takes a split that was made before, and refuses another store's", async () => {
  const split = splitStores([store], { seed: 9, testFraction: 0.5 });
  const options = { dir: join(dir, "given"), arms: ["unet"], fractions: [100], draws: 1, split };
  const { study: result } = await run(options);
  assert.deepEqual(
    [...new Set(result.cells[0]!.scores.cases.map(({ patient }) => patient))].sort(),
    split.test.toSorted(),
  );
  assert.deepEqual([result.split.seed, result.split.trainPatients], [9, 5]);
  const foreign = { ...split, train: ["somebody"] };
  await assert.rejects(run({ ...options, dir: join(dir, "foreign"), split: foreign }), { code: "ERR_SPLIT_FOREIGN" });
  await assert.rejects(run({ ...options, split: undefined }), {
    code: "ERR_STUDY_SETTINGS",
    message: /split: "[0-9a-f]{64}" -> not set/,
  });
});

test("a stop while a cell is measured keeps its network, and measures it next time", async () => {
  const controller = new AbortController();
  const options = { dir: join(dir, "measured"), arms: ["unet"], fractions: [20], draws: 1 };
  let name = "";
  const listen = (event: RunEvent) => {
    if (event.type === "start") name = event.name;
    if (event.type === "done" && name.includes("unet")) controller.abort();
  };
  const stopped = await run({ ...options, listen, signal: controller.signal });
  assert.equal(stopped.isComplete, false);
  const trained: string[] = [];
  const again = await run({ ...options, listen: (event) => void (event.type === "step" && trained.push("step")) });
  assert.equal(again.isComplete, true);
  assert.deepEqual(trained, []);
});

test("a study that failed before it trained does not keep its folder from another one", async () => {
  const options = { dir: join(dir, "failed"), arms: ["unet"], fractions: [20], draws: 1 };
  const wrong = parseRecipe(finetuneSchema, { ...small, inputSize: 31 });
  const single = await discStore(join(dir, "single"), 1);
  await assert.rejects(run({ ...options, labeled: [single] }), { code: "ERR_SPLIT_FEW" });
  await assert.rejects(run({ ...options, arms: ["scratch@vit"], finetune: wrong }), { code: "ERR_VIT_SHAPE" });
  assert.equal((await run(options)).isComplete, true);
});

test("a damaged file of a study is named", async () => {
  const path = join(study, "cells/unet-20-0/cell.json");
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.slice(0, 100));
  await assert.rejects(run(), { code: "ERR_STUDY_FILE", message: /cell\.json is damaged/, hint: /Delete it/ });
  writeFileSync(path, whole);
  const settings = join(study, "settings.json");
  const agreed = readFileSync(settings, "utf8");
  writeFileSync(settings, "null");
  await assert.rejects(run(), { code: "ERR_STUDY_FILE", message: /settings\.json is damaged/, hint: /another --out/ });
  writeFileSync(settings, agreed);
});

test("an arm with semi: in front learns from the images whose labels are not used as well, or from all", async () => {
  const semi = { batchSize: 3, startStep: 1 };
  const finetune = parseRecipe(finetuneSchema, { ...small, semi });
  const options = { dir: join(dir, "semi"), arms: ["semi:scratch@vit"], fractions: [20, 100], draws: 1, finetune };
  const { study, isComplete } = await run(options);
  assert.equal(isComplete, true);
  const [cell] = study.cells;
  assert.equal(cell!.imagesSeen, 2 * 4 + 3);
  assert.equal(cell!.arm, "semi:scratch@vit");
  const { recipe } = readRun(join(dir, "semi", cell!.run));
  assert.equal((recipe as FinetuneRecipe).semi.weight, 1);
  assert.ok(existsSync(join(dir, "semi", "cells", "semi-scratch@vit-20-0")));
});

test("weights that cannot be read are told before anything is trained", async () => {
  const path = join(dir, "broken.safetensors");
  writeFileSync(path, "no weights");
  const options = { dir: join(dir, "broken"), arms: ["unet", `weights=${path}`], fractions: [100], draws: 1 };
  await assert.rejects(run(options), { code: "ERR_PTH", message: /broken\.safetensors/ });
  assert.equal(existsSync(join(options.dir, "cells")), false);
});

test("cells run in other processes, and give what they give in this one", async () => {
  const options = { arms: ["unet", "mim"], fractions: [20], draws: 1 };
  const jobs = { processes: 2, devices: ["cpu" as const], threads: 1 };
  const lines: string[] = [];
  const listen = (event: RunEvent) => void (event.type === "note" && lines.push(event.message));
  const { study: here } = await run({ ...options, dir: join(dir, "here") });
  const { study: there, isComplete } = await run({ ...options, dir: join(dir, "there"), jobs, listen });
  assert.equal(isComplete, true);
  const scores = ({ cells }: Study) => cells.map(({ arm, scores: { dice } }) => [arm, dice.toFixed(6)]);
  assert.deepEqual(scores(there), scores(here));
  assert.equal(there.pretraining.length, 1);
  assert.equal(lines.filter((line) => line.endsWith(": done")).length, 3);
});

test("a cell whose process fails does not cost the others, and is made by the next run", async () => {
  const options = { dir: join(dir, "crash"), arms: ["unet", "scratch@vit"], fractions: [100], draws: 1 };
  const jobs = { processes: 2, devices: ["cpu" as const], threads: 1 };
  // A file where the run's folder should be.
  mkdirSync(join(options.dir, "cells"), { recursive: true });
  writeFileSync(join(options.dir, "cells", "unet-100-0"), "");
  const { study: first, isComplete } = await run({ ...options, jobs });
  assert.equal(isComplete, false);
  assert.deepEqual(
    first.cells.map(({ arm }) => arm),
    ["scratch@vit"],
  );
  assert.match(first.notes?.map(({ text }) => text).join() ?? "", /unet, 100% of labels, draw 0 failed: /);
  rmSync(join(options.dir, "cells", "unet-100-0"));
  assert.equal((await run({ ...options, jobs })).isComplete, true);
});

test("a cell that fails in the study's own process does not cost the others either", async () => {
  const options = { dir: join(dir, "fails"), arms: ["unet", "scratch@vit"], fractions: [100], draws: 1 };
  const cell = join(options.dir, "cells", "unet-100-0");
  mkdirSync(cell, { recursive: true });
  writeFileSync(join(cell, "run.json"), "another program's");
  const { study: first, isComplete } = await run(options);
  assert.equal(isComplete, false);
  assert.deepEqual(
    first.cells.map(({ arm }) => arm),
    ["scratch@vit"],
  );
  assert.match(first.notes?.map(({ text }) => text).join() ?? "", /unet, 100% of labels, draw 0 failed: .*run\.json/);
  rmSync(cell, { recursive: true });
  assert.equal((await run(options)).isComplete, true);
});

test("when every run fails, the first failure is the study's", async () => {
  const wrong = parseRecipe(finetuneSchema, { ...small, inputSize: 31 });
  const jobs = { processes: 1, devices: ["cpu" as const], threads: 1 };
  const options = { dir: join(dir, "all-fail"), arms: ["scratch@vit"], fractions: [100], draws: 1, jobs };
  await assert.rejects(run({ ...options, finetune: wrong }), { code: "ERR_VIT_SHAPE" });
});

test("a second study in the same folder is refused while the first one runs", async () => {
  const options = { dir: join(dir, "twice"), arms: ["unet"], fractions: [100], draws: 1 };
  const first = run(options);
  // The study's own folder, not that of the cell which the first one is at.
  await assert.rejects(run(options), { code: "ERR_RUN_BUSY", message: /twice: another process/ });
  assert.equal((await first).isComplete, true);
});

test("pictures of test patients among those that are learned from stop the study, unless that is allowed", async () => {
  const source = join(dir, "leaky-discs");
  cpSync(join(dir, "discs"), source, { recursive: true });
  // An image of each under another name: whoever is held out, some of them are learned from. One byte more, lest it is one file.
  for (const name of readdirSync(join(source, "images")).filter((file) => file.endsWith("_0.png"))) {
    for (const folder of ["images", "masks"]) cpSync(join(source, folder, name), join(source, folder, `x${name}`));
    appendFileSync(join(source, "images", `x${name}`), "\n");
  }
  const leaky = join(dir, "leaky-store");
  await ingest([source], { store: leaky, width: 32, height: 32, patientPattern: /(x?patient\d+)_/ }, () => {});
  const options = { dir: join(dir, "leaky"), labeled: [openStore(leaky)], arms: ["unet"], fractions: [100], draws: 1 };
  await assert.rejects(run(options), { code: "ERR_STUDY_LEAK", message: /also learned from/, hint: /--allow-leaks/ });
  assert.equal(existsSync(join(options.dir, "cells")), false);
  const { study: result, report } = await run({ ...options, allowLeaks: true });
  assert.equal(result.notes?.[0]?.level, "error");
  assert.match(readFileSync(report, "utf8"), /<p class="banner error">.*The leak check failed and was overridden/s);
});

test("few patients: what a percentage means is said, and so is a test that is too small", async () => {
  const notes: string[] = [];
  const listen = (event: RunEvent) => void (event.type === "note" && notes.push(event.message));
  const { study: result } = await run({ dir: join(dir, "few"), arms: ["unet"], fractions: [1, 5], draws: 1, listen });
  assert.match(
    notes.join("\n"),
    /^1% of 7 training patients is 1 patient \(14%\), not 1%: .* 5% of the labels is as many\./m,
  );
  assert.match(notes.join("\n"), /Only 3 patients are tested on/);
  assert.deepEqual(
    result.notes?.map(({ text }) => text),
    notes.filter((note) => result.notes?.some(({ text }) => text === note)),
  );
});

test("a class that a draw does not show is named", () => {
  const cell = { fraction: 1, draw: 2, missingLabels: ["heart"] } as unknown as Study["cells"][number];
  assert.deepEqual(
    missingLabelNotes([cell, { ...cell, missingLabels: [] }]).map(({ text }) => text),
    ["The labeled patients of 1%, draw 2 show no heart: no arm could learn it there, and its Dice is that of a guess."],
  );
  assert.deepEqual(missingLabels([store], new Set()), ["foreground"]);
  assert.deepEqual(missingLabels([store], new Set(store.cases.map(({ patient }) => patient))), []);
  const partial = new Store(store.dir, { ...store.info, labels: [...store.info.labels, { value: 2, name: "ignore" }] });
  assert.deepEqual(missingLabels([partial], new Set(store.cases.map(({ patient }) => patient))), []);
});
