import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folderOf } from "../layouts/miniature.ts";
import { ctSlice } from "../layouts/sample-dicom.ts";
import { predict } from "./predict.ts";
import { picture } from "./testing/bright-picture.ts";
import { brightModel, predictionOptions } from "./testing/bright-segmenter.ts";

test("what is there is kept; what is missing, or has changed, is made again", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture(), "c.png": await picture() });
  const out = join(root, "out");
  const first = await predict({ ...predictionOptions([root], out), model: brightModel() });
  const idle = brightModel();
  const again = await predict({ ...predictionOptions([root], out), model: idle });
  assert.deepEqual([idle.numOpened, again.numKept], [0, 3]);
  assert.deepEqual(again.predictions, JSON.parse(JSON.stringify(first.predictions)));
  assert.match(again.notes.join("\n"), /3 images have their results in .* already: kept/);
  rmSync(join(out, "masks/a.png"));
  writeFileSync(join(root, "b.png"), await picture(10, 10));
  utimesSync(join(root, "b.png"), 1, 1);
  const busy = brightModel();
  const third = await predict({ ...predictionOptions([root], out), model: busy });
  assert.deepEqual(
    [busy.numSegmented, third.numKept, third.predictions.map(({ shape }) => shape[2])],
    [2, 1, [8, 10, 8]],
  );
  assert.match(third.notes.join("\n"), /1 image has changed since it was segmented: done anew/);
  const fewer = await predict({ ...predictionOptions([join(root, "c.png")], out), model: idle });
  assert.match(
    fewer.notes.join("\n"),
    /4 files in .* are no results of images that were given now, such as masks\/a.png/,
  );
  assert.equal(idle.numOpened, 0);
  const all = brightModel();
  await predict({ ...predictionOptions([root], out), model: all, isOverwriting: true });
  assert.equal(all.numSegmented, 3);
});

test("a file that a power failure left empty or half is made anew; where a line says no size, its file is enough", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture(), "c.png": await picture() });
  const out = join(root, "out");
  const run = async () => {
    const model = brightModel();
    const { numKept, notes } = await predict({ ...predictionOptions([root], out), model });
    return { numSegmented: model.numSegmented, numKept, notes: notes.join("\n") };
  };
  await run();
  const files = ["masks/a.png", "overlays/b.png"].map((path) => join(out, path));
  const whole = files.map((file) => readFileSync(file));
  for (const [i, file] of files.entries()) {
    // Not rounded up, which would be later.
    const written = new Date(Math.floor(statSync(file).mtimeMs));
    truncateSync(file, i === 0 ? 0 : whole[i]!.length - 1);
    utimesSync(file, written, written);
  }
  const mended = await run();
  assert.deepEqual([mended.numSegmented, mended.numKept], [2, 1]);
  assert.match(mended.notes, /2 images have only a part of their results in .*out: done anew/);
  assert.deepEqual(
    files.map((file) => readFileSync(file)),
    whole,
  );
  assert.equal((await run()).numKept, 3);
  const ledger = join(out, "predictions.jsonl");
  const withoutSizes = readFileSync(ledger, "utf8").replaceAll(/,"files":\{([^{}]|\{[^}]*\})*\}/g, "");
  assert.doesNotMatch(withoutSizes, /bytes/);
  writeFileSync(ledger, withoutSizes);
  truncateSync(files[0]!, 0);
  assert.equal((await run()).numKept, 3);
});

test("a mask that somebody has corrected is kept", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture() });
  const out = join(root, "out");
  const run = async () => await predict({ ...predictionOptions([root], out), model: brightModel() });
  await run();
  const mask = join(out, "masks/a.png");
  writeFileSync(mask, Buffer.concat([readFileSync(mask), Buffer.from("corrected")]));
  const later = new Date(Date.now() + 60_000);
  utimesSync(mask, later, later);
  const { numKept, notes } = await run();
  assert.equal(numKept, 2);
  assert.match(notes.join("\n"), /1 image has a result that somebody has changed: kept/);
  assert.match(readFileSync(mask, "latin1"), /corrected$/);
  // What else is gone does not cost the work that is in it.
  rmSync(join(out, "overlays/a.png"));
  rmSync(join(out, "overlays/b.png"));
  const { numKept: numStill, predictions } = await run();
  assert.deepEqual([numStill, existsSync(join(out, "overlays/b.png"))], [1, true]);
  assert.deepEqual(predictions[0]!.outputs, { png: "masks/a.png" });
  assert.match(readFileSync(mask, "latin1"), /corrected$/);
});

test("a copy of the folder is kept, and nobody has changed it", async () => {
  const { root } = folderOf({ "x/a.png": await picture(), "x/b.png": await picture() });
  const run = async (out: string) =>
    await predict({ ...predictionOptions([join(root, "x")], join(root, out)), model: brightModel() });
  await run("out");
  cpSync(join(root, "out"), join(root, "copy"), { recursive: true });
  const later = new Date(Date.now() + 60_000);
  for (const path of ["masks/a.png", "masks/b.png", "overlays/a.png"])
    utimesSync(join(root, "copy", path), later, later);
  rmSync(join(root, "copy/masks/b.png"));
  const { numKept, notes } = await run("copy");
  assert.equal(numKept, 1);
  assert.doesNotMatch(notes.join("\n"), /changed/);
});

test("results may lie beside their images, above them or among them, and are no images of the next time", async () => {
  const { root } = folderOf({ "films/a.png": await picture(), "films/b/c.png": await picture() });
  for (const out of [root, join(root, "films"), join(root, "films/b/out")]) {
    const run = async (given = join(root, "films")) =>
      await predict({ ...predictionOptions([given], out), model: brightModel() });
    assert.deepEqual((await run()).predictions.length, 2, out);
    const again = await run(root);
    assert.deepEqual([again.numKept, again.predictions.length, again.skipped.length], [2, 2, 0], out);
    assert.doesNotMatch(again.notes.join("\n"), /no DICOM/);
    await assert.rejects(run(join(out, "masks")), {
      code: "ERR_INPUT_EMPTY",
      hint: /^What predictions wrote is left out\./,
    });
  }
});

test("images that lie where results go are told of, as long as no results are there", async () => {
  const { root } = folderOf({ "private/a.png": await picture(), "public/b.png": await picture() });
  const run = async () => await predict({ ...predictionOptions([root], root), model: brightModel() });
  const { predictions, notes } = await run();
  assert.deepEqual(
    predictions.map(({ name }) => name),
    ["b"],
  );
  assert.match(
    notes.join("\n"),
    /^1 file lies where results go, and was left out, such as .*a\.png: give another --out/m,
  );
  assert.doesNotMatch((await run()).notes.join("\n"), /where results go/);
});

test("results of another model, of other settings, or of nobody knows what are not mixed with these", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture() });
  const out = join(root, "out");
  const options = predictionOptions([join(root, "a.png")], out);
  await predict({ ...options, model: brightModel() });
  const other = brightModel("uint8", { sha256: "b".repeat(64) });
  await assert.rejects(predict({ ...options, model: other }), {
    code: "ERR_OUTPUT_OTHER",
    message: /holds results of the model "bright" \(aaaaaaaa\), this is "bright" \(bbbbbbbb\)/,
  });
  const flipped = { ...options, model: brightModel(), settings: { flips: "both" } };
  await assert.rejects(predict(flipped), {
    code: "ERR_OUTPUT_OTHER",
    message: /flips as the model has it, this is both/,
  });
  const report = await predict({ ...options, model: other, isOverwriting: true });
  assert.equal(report.model.sha256, other.sha256);
  const foreign = folderOf({ "masks/b.png": await picture() }).root;
  await assert.rejects(predict({ ...predictionOptions([join(root, "b.png")], foreign), model: brightModel() }), {
    code: "ERR_OUTPUT_OTHER",
    message: /masks\/b.png: exists/,
  });
});

test("a file that no prediction wrote stays, among the results of others too", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture(), "out/masks/b.png": "drawn by hand" });
  const out = join(root, "out");
  await predict({ ...predictionOptions([join(root, "a.png")], out), model: brightModel() });
  const both = { ...predictionOptions([join(root, "a.png"), join(root, "b.png")], out), model: brightModel() };
  await assert.rejects(predict(both), {
    code: "ERR_OUTPUT_OTHER",
    message: /masks\/b\.png: exists, and no prediction/,
  });
  assert.equal(readFileSync(join(out, "masks/b.png"), "utf8"), "drawn by hand");
  assert.equal((await predict({ ...both, isOverwriting: true })).predictions.length, 2);
});

test("a file that would be taken for a scan of a series stays as well", async () => {
  const { root } = folderOf({ "x/1.dcm": ctSlice(1, 0), "x/2.dcm": ctSlice(2, 5), "out/seg/x-scan2.dcm": "another's" });
  const out = join(root, "out");
  await assert.rejects(predict({ ...predictionOptions([join(root, "x")], out), model: brightModel("int16") }), {
    code: "ERR_OUTPUT_OTHER",
    message: /seg\/x-scan2\.dcm: exists, and no prediction/,
  });
});

test("what is made anew leaves the others of the same model as they are", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture() });
  const [a, b] = [join(root, "a.png"), join(root, "b.png")];
  const out = join(root, "out");
  await predict({ ...predictionOptions([a, b], out), model: brightModel() });
  const again = brightModel();
  await predict({ ...predictionOptions([a], out), model: again, isOverwriting: true });
  assert.equal(again.numSegmented, 1);
  assert.equal((await predict({ ...predictionOptions([a, b], out), model: brightModel() })).numKept, 2);
});

test("two predictions into one folder at once: the second is refused, and disturbs nothing", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture() });
  const out = join(root, "out");
  let second: Promise<unknown> | undefined;
  const onScan = () => {
    second ??= assert.rejects(predict({ ...predictionOptions([root], out), model: brightModel() }), {
      code: "ERR_OUTPUT_BUSY",
      message: `${out}: another prediction is writing to this folder`,
    });
  };
  const report = await predict({ ...predictionOptions([root], out), model: brightModel("uint8", { onScan }) });
  await second;
  assert.ok(report.isComplete && second !== undefined);
  assert.equal((await predict({ ...predictionOptions([root], out), model: brightModel() })).numKept, 2);
});

test("what was stopped, and what was killed while it wrote, goes on where it was", async () => {
  const files = { "a.png": await picture(), "b.png": await picture(), "c.png": await picture() };
  const { root } = folderOf(files);
  const out = join(root, "out");
  const controller = new AbortController();
  const model = brightModel("uint8", { onScan: (number) => number === 2 && controller.abort() });
  const stopped = await predict({ ...predictionOptions([root], out), model, signal: controller.signal });
  assert.deepEqual([stopped.isComplete, stopped.predictions.map(({ name }) => name)], [false, ["a"]]);
  const ledger = join(out, "predictions.jsonl");
  writeFileSync(ledger, `${readFileSync(ledger, "utf8")}\n{"key":"/half`);
  writeFileSync(join(out, "masks/b.png.part"), "half");
  const rest = brightModel();
  const report = await predict({ ...predictionOptions([root], out), model: rest });
  assert.deepEqual([rest.numSegmented, report.numKept, report.isComplete], [2, 1, true]);
  assert.deepEqual(readdirSync(join(out, "masks")).sort(), Object.keys(files));
  const idle = brightModel();
  await predict({ ...predictionOptions([root], out), model: idle });
  assert.equal(idle.numOpened, 0);
});
