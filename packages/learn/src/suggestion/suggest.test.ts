import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe, pretrainSchema, type RunEvent } from "@medssl/contract";
import { type Split, type Store, splitStores } from "@medssl/datasets";
import { readImage } from "@medssl/imaging";
import { scope, setNumThreads, tensor } from "@medssl/torch";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "../training/finetune.ts";
import { pretrain } from "../training/pretrain.ts";
import { type SuggestOptions, suggest } from "./suggest.ts";
import { writeSuggestions } from "./suggestion-pictures.ts";
import { uncertaintyOf } from "./uncertainty.ts";

const dir = testFolder();
const [run, model] = [join(dir, "run"), join(dir, "model")];
let store: Store;
let split: Split;
const listen = () => {};
before(async () => {
  setNumThreads(1);
  store = await discStore(dir, 10);
  split = splitStores([store], { seed: 0, testFraction: 0.2, needsMasks: true });
  const encoder = { patchSize: 8, embedDim: 16, depth: 2, numHeads: 2 };
  const decoder = { embedDim: 8, depth: 1, numHeads: 2 };
  const recipe = parseRecipe(pretrainSchema, { inputSize: 32, encoder, decoder, steps: 1, batchSize: 4 });
  const selections = [{ store, cases: store.cases }];
  await pretrain({ name: "run", selections, recipe, dir: run, isResumed: false, device: "cpu", listen });
  const learned = store.cases.filter(({ patient }) => patient === split.train[0]);
  await finetune({
    name: "model",
    selections: [{ store, cases: learned }],
    heldOutPatients: split.test,
    recipe: parseRecipe(finetuneSchema, { head: "vit", inputSize: 32, steps: 1, batchSize: 2 }),
    encoder: run,
    dir: model,
    isResumed: false,
    device: "cpu",
    listen,
  });
});

const options = (settings: Partial<SuggestOptions>): SuggestOptions => ({
  encoder: run,
  stores: [store],
  count: 4,
  annotated: "none",
  split,
  device: "cpu",
  listen,
  ...settings,
});

test("patients who are kept for testing and annotated ones are never suggested, each patient once", async () => {
  const annotated = split.train.slice(0, 2);
  const found = await suggest(options({ annotated, count: 6 }));
  const patients = found!.suggestions.map(({ patient }) => patient);
  assert.equal(new Set(patients).size, 6);
  assert.ok(patients.every((patient) => split.train.includes(patient) && !annotated.includes(patient)));
  assert.deepEqual([found!.open, found!.annotated], [2 * (split.train.length - 2), 4]);
  const again = await suggest(options({ annotated, count: 6 }));
  assert.deepEqual(again!.suggestions, found!.suggestions);
});

test("the files show the chosen beside others of their kind, and name the originals", async () => {
  const found = await suggest(options({}));
  const out = join(dir, "out");
  const files = await writeSuggestions(out, found!);
  const png = await readImage(files.png);
  assert.deepEqual([png.width, png.height], [5 * 160 + 4 * 4, 4 * 160 + 3 * 4]);
  const [first] = found!.suggestions;
  assert.ok(existsSync(first!.file!));
  const lines = readFileSync(files.csv, "utf8").trim().split("\r\n");
  assert.equal(lines.length, 5);
  assert.ok(lines[1]!.startsWith(`1,${first!.id},${first!.patient},`));
  assert.equal((readFileSync(files.html, "utf8").match(/<img /g) ?? []).length, 4);
  assert.equal(JSON.parse(readFileSync(files.json, "utf8")).suggestions[0].id, first!.id);
});

test("with a model, items have its uncertainty; its own test patients and those it learned from are left out", async () => {
  const found = await suggest(options({ models: [model], split: undefined, count: 14 }));
  for (const { patient, score, disagreement } of found!.suggestions) {
    assert.ok(!split.test.includes(patient) && patient !== split.train[0]);
    assert.ok(score > 0 && score <= 1 && disagreement! >= 0 && disagreement! <= score);
  }
});

test("a model that sees neighbouring slices is shown them", async () => {
  const slices = join(dir, "slices");
  await finetune({
    name: "slices",
    selections: [{ store, cases: store.cases.filter(({ patient }) => patient === split.train[0]) }],
    heldOutPatients: split.test,
    recipe: parseRecipe(finetuneSchema, { head: "vit", inputSize: 32, steps: 1, batchSize: 2, contextSlices: 1 }),
    encoder: run,
    dir: slices,
    isResumed: false,
    device: "cpu",
    listen,
  });
  const found = await suggest(options({ models: [model, slices], count: 2 }));
  assert.equal(found!.suggestions.length, 2);
});

test("uncertainty is entropy of the mean view, disagreement what no view has by itself", () => {
  const view = (...foreground: number[]) => [[foreground.map((p) => 1 - p)], [foreground]];
  const ask = (...views: number[][]) => scope(() => uncertaintyOf(tensor(views.map((one) => [view(...one)])))[0]!);
  // Sure and of one mind; both unsure; each sure of the opposite.
  const [sure, unsure, split2] = [ask([1, 1], [1, 1]), ask([0.5, 0.5], [0.5, 0.5]), ask([1, 1], [0, 0])];
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} and ${b}`);
  close(sure.total, 0);
  close(unsure.total, 1);
  close(unsure.disagreement, 0);
  close(split2.total, 1);
  close(split2.disagreement, 1);
  // Pixels that are surely background do not count.
  close(ask([0.5, 0], [0.5, 0]).total, 1);
});

test("what cannot be done is said", async () => {
  const refusal = (settings: Partial<SuggestOptions>, code: string, message: RegExp) =>
    assert.rejects(suggest(options(settings)), (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  await refusal({ count: 100 }, "ERR_SUGGEST_COUNT", /100 were asked for, 16 are there/);
  await refusal({ annotated: "masks" }, "ERR_SUGGEST_COUNT", /4 were asked for, 0 are there: 16 are annotated already/);
  await refusal({ annotated: ["nobody"] }, "ERR_SUGGEST_ANNOTATED", /"nobody"/);
  await refusal({ split: { ...split, train: ["x"], test: ["y"] } }, "ERR_SUGGEST_SPLIT", /no patient/);
  await refusal({ encoder: model }, "ERR_RUN_STAGE", /expected a pretrain run/);
  const events: RunEvent[] = [];
  await suggest(options({ listen: (event) => events.push(event) }));
  assert.ok(!events.some(({ type }) => type === "note"));
});
