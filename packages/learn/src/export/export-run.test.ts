import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseModelCard, parseRecipe, type RunEvent } from "@medssl/contract";
import { openStore, type Store } from "@medssl/datasets";
import { decodeNpy } from "@medssl/imaging";
import { setNumThreads } from "@medssl/torch";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { evaluateRun } from "../evaluation/evaluate.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "../training/finetune.ts";
import { type ExportOptions, exportRun } from "./export-run.ts";
import type { AsyncNetwork } from "./queued-network.ts";

const dir = testFolder();
const RUN = join(dir, "run");
let store: Store;
let patients: string[];

before(async () => {
  setNumThreads(1);
  store = await discStore(dir, 6);
  patients = [...new Set(store.cases.map(({ patient }) => patient))];
  await finetune({
    name: "discs",
    dir: RUN,
    isResumed: false,
    device: "cpu",
    listen: () => {},
    selections: [{ store, cases: store.cases.filter(({ patient }) => patients.indexOf(patient) < 3) }],
    heldOutPatients: patients.slice(3),
    recipe: parseRecipe(finetuneSchema, { head: "unet", inputSize: 32, steps: 8, batchSize: 4 }),
    encoder: undefined,
  });
});

async function openNetwork(path: string): Promise<AsyncNetwork> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  return {
    async run(images, shape) {
      const { logits } = await session.run({ images: new Tensor("float32", images, shape) });
      return logits!.data as Float32Array;
    },
    release: () => session.release(),
  };
}

const exported = (out: string, options: Partial<ExportOptions> = {}) =>
  exportRun({
    dir: RUN,
    out: join(dir, out),
    device: "cpu",
    producer: "test 1",
    openNetwork,
    listen: () => {},
    ...options,
  });

const cardOf = (out: string) => parseModelCard(readFileSync(join(dir, out, "model.json"), "utf8"), out);
const hash = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

test("the folder holds what its card says, and names neither patients nor folders", async () => {
  const result = await exported("model", { precisions: ["fp16", "int8"] });
  const card = cardOf("model");
  assert.deepEqual(card, result!.card);
  const files = readdirSync(join(dir, "model"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, "model").length + 1));
  assert.deepEqual(files.toSorted(), ["model.json", ...Object.keys(card.files)].toSorted());
  for (const [file, { sha256, bytes }] of Object.entries(card.files)) {
    const content = readFileSync(join(dir, "model", file));
    assert.deepEqual([hash(content), content.length], [sha256, bytes], file);
  }
  assert.deepEqual(
    card.weights.map(({ precision, file }) => [precision, file]),
    [
      ["fp32", "model.onnx"],
      ["fp16", "model.fp16.onnx"],
      ["int8", "model.int8.onnx"],
    ],
  );
  const text = JSON.stringify(card);
  for (const secret of [dir, ...patients]) assert.ok(!text.includes(secret), secret);
  assert.equal(existsSync(join(dir, "model.part")), false);
});

test("what it learned from and was held out is told by hashes of sorted lines", () => {
  const { training, metrics } = cardOf("model");
  const lines = (values: readonly string[]) => hash(`${values.toSorted().join("\n")}\n`);
  assert.equal(training.heldOutSha256, lines(patients.slice(3)));
  const rows = store.query<{ patient: string; content: string; mask_content: string }>(
    "SELECT patient, content, mask_content FROM cases",
  );
  const learned = rows.filter(({ patient }) => patients.indexOf(patient) < 3);
  const contents = learned.map(({ content, mask_content }) => `${content} ${mask_content}`);
  assert.equal(training.dataSha256, lines([...patients.slice(0, 3), ...contents]));
  assert.deepEqual([training.images, training.patients, training.encoder], [6, 3, null]);
  assert.deepEqual([metrics!.images, metrics!.patients], [6, 3]);
});

test("the scores are those of an evaluation, between the ends of their interval; of each precision as well", async () => {
  const { metrics, weights } = cardOf("model");
  const { scores } = (await evaluateRun({
    dir: RUN,
    stores: [store],
    on: "held-out",
    device: "cpu",
    listen: () => {},
  }))!;
  const { mean, low, high } = metrics!.dice;
  assert.ok(Math.abs(mean - scores.dice) < 1e-12, `${mean}, expected ${scores.dice}`);
  assert.ok(low < mean && mean < high, `${low} to ${high}`);
  assert.ok(mean > 0.3 && mean < 1, `Dice ${mean}: nothing to lose`);
  for (const { loss, precision } of weights) {
    assert.ok(Math.abs(loss!.dice - loss!.change - mean) < 1e-12, precision);
    assert.equal(loss!.images, 6);
  }
  assert.equal(weights[0]!.loss!.sameLabels, 1);
});

test("golden images are made up, not of the model's size, and give something", () => {
  const { golden, plan } = cardOf("model");
  assert.equal(golden.length, 2);
  for (const one of golden) {
    const read = (file: string) => decodeNpy(readFileSync(join(dir, "model", file)), file);
    const [image, labels, input, logits] = [one.image, one.labels, one.input, one.logits].map(read);
    assert.deepEqual(image!.shape, labels!.shape);
    assert.notEqual(image!.shape[1], plan.slices.height);
    assert.notEqual(image!.shape[1], image!.shape[2]);
    assert.ok(new Set(image!.data).size > 50, "a picture");
    assert.deepEqual(
      [input!.shape, logits!.shape],
      [
        [1, 1, 32, 32],
        [1, 2, 32, 32],
      ],
    );
  }
});

test("what stands in the way stays, unless it is a model that may be replaced", async () => {
  const before = cardOf("model").createdAt;
  await assert.rejects(exported("model"), { code: "ERR_EXPORT_EXISTS", hint: /--overwrite/ });
  assert.equal(cardOf("model").createdAt, before);
  await exported("model", { isOverwriting: true, name: "again" });
  assert.equal(cardOf("model").name, "again");
  assert.deepEqual([existsSync(join(dir, "model.old")), cardOf("model").weights.length], [false, 1]);
  mkdirSync(join(dir, "mine"));
  writeFileSync(join(dir, "mine", "thesis.txt"), "");
  await assert.rejects(exported("mine", { isOverwriting: true }), {
    code: "ERR_EXPORT_EXISTS",
    message: /something that is no exported model/,
  });
});

test("a folder of the user's beside the model is left alone, and so is one that came while it was exported", async () => {
  const mine = join(dir, "beside.old", "notes.txt");
  mkdirSync(join(dir, "beside.old"));
  writeFileSync(mine, "");
  await exported("beside");
  await exported("beside", { isOverwriting: true });
  assert.ok(existsSync(mine));
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith("beside")),
    ["beside", "beside.old"],
  );

  const late = join(dir, "late", "thesis.txt");
  const listen = () => {
    mkdirSync(join(dir, "late"), { recursive: true });
    writeFileSync(late, "");
  };
  await assert.rejects(exported("late", { isOverwriting: true, listen }), { code: "ERR_EXPORT_EXISTS" });
  assert.ok(existsSync(late));
});

test("a network that gives other logits is not exported, and nothing of it is left", async () => {
  const off = async (path: string): Promise<AsyncNetwork> => {
    const network = await openNetwork(path);
    return {
      ...network,
      run: async (images, shape) => (await network.run(images, shape)).map((value) => value + 2e-4),
    };
  };
  await assert.rejects(exported("wrong", { openNetwork: off }), {
    code: "ERR_EXPORT_PARITY",
    message: /on golden images a logit differs by 0\.000\d+, at most 0\.0001 is allowed/,
  });
  assert.deepEqual([existsSync(join(dir, "wrong")), existsSync(join(dir, "wrong.part"))], [false, false]);
});

test("a precision that the network overflows in is told as such", async () => {
  const overflowing = async (path: string): Promise<AsyncNetwork> => {
    const network = await openNetwork(path);
    if (!path.endsWith("fp16.onnx")) return network;
    return { ...network, run: async (images, shape) => (await network.run(images, shape)).fill(Number.NaN) };
  };
  await assert.rejects(exported("overflown", { openNetwork: overflowing, precisions: ["fp16"] }), {
    code: "ERR_EXPORT_PRECISION",
    message: "In fp16 the network gives no numbers on golden images",
    hint: /without fp16/,
  });
});

test("an interrupted export leaves nothing", async () => {
  const controller = new AbortController();
  const listen = (event: RunEvent) => void (event.type === "step" && controller.abort());
  assert.equal(await exported("stopped", { signal: controller.signal, listen }), undefined);
  assert.deepEqual([existsSync(join(dir, "stopped")), existsSync(join(dir, "stopped.part"))], [false, false]);
});

test("codes of a file take the place of those of the name; a class that the model lacks is a mistake", async () => {
  const { name } = cardOf("model").classes[0]!;
  const type = { scheme: "99TEST", value: "1", meaning: "Disc" };
  const uncoded = await exported("uncoded");
  assert.match(uncoded!.notes[0]!, new RegExp(`^No code is known for the name ${name}: .*--codes`));
  const coded = await exported("coded", {
    codes: { [name]: { type, color: [1, 2, 3] } },
    license: "CC0-1.0",
    intendedUse: "Tests.",
  });
  assert.doesNotMatch(coded!.notes.join(), /No code/);
  const card = cardOf("coded");
  assert.deepEqual([card.classes[0]!.type, card.classes[0]!.color], [type, [1, 2, 3]]);
  assert.deepEqual([card.license, card.intendedUse], ["CC0-1.0", "Tests."]);
  await assert.rejects(exported("other", { codes: { nobody: { type } } }), {
    code: "ERR_CLASS_CODES",
    message: `The codes name a class nobody; the model has ${name}.`,
  });
});

/** As a version that did not yet write the kinds left it. */
function forgetKinds(): void {
  const path = join(RUN, "run.json");
  const { kinds: _, ...run } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify(run));
}

test("a run that does not say what it learned from: its stores do, or the user, else a note says that nothing is refused", async () => {
  const { kinds } = cardOf("model").plan;
  forgetKinds();
  const known = await exported("old");
  assert.deepEqual([cardOf("old").plan.kinds, kinds.length], [kinds, 1]);
  assert.doesNotMatch(known!.notes.join(), /--kind/);
  renameSync(store.dir, `${store.dir}-away`);
  try {
    const unknown = await exported("unsaid");
    assert.deepEqual(cardOf("unsaid").plan.kinds, []);
    assert.match(unknown!.notes.join(), /refuses none of another kind.*--kind xray/);
    const told = await exported("told", { kinds: ["xray"] });
    assert.deepEqual(cardOf("told").plan.kinds, ["xray"]);
    assert.doesNotMatch(told!.notes.join(), /--kind/);
  } finally {
    renameSync(`${store.dir}-away`, store.dir);
  }
});

test("without the stores nothing is measured, and that is said; a store that is given is measured on", async () => {
  const away = join(dir, "store-elsewhere");
  renameSync(store.dir, away);
  const result = await exported("alone", { precisions: ["int8"] });
  const { metrics, training, weights } = cardOf("alone");
  assert.deepEqual([metrics, training.dataSha256Of], [null, "patients"]);
  assert.ok(weights.every(({ loss }) => loss === undefined));
  assert.match(result!.notes.join(" "), /No labelled images .*the stores that it learned from are gone.*--store/);
  await exported("given", { stores: [openStore(away)] });
  assert.equal(cardOf("given").metrics!.patients, 3);
});
