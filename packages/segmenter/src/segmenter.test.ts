import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { encodeNifti, reorientForDisplay, type Scan } from "@medssl/imaging";
import { Segmenter } from "./index.ts";
import type { Request } from "./worker/messages.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const tiny = join(fixtures, "tiny-model");
const { cases } = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const expected = cases.find(({ name }: { name: string }) => name === "tiles");
/** The first of its pictures, 40 x 32: what the model's slices are. */
const [width, height] = [expected.width, expected.height] as [number, number];
const pixels = new Uint8Array(Buffer.from(expected.pixels[0], "hex"));
const scratch = mkdtempSync(join(tmpdir(), "medssl-segmenter-"));
after(() => rmSync(scratch, { recursive: true }));

/** A folder of the tiny model with another card. */
function modelWith(change: (card: Record<string, unknown> & { plan: object }) => void): string {
  const folder = mkdtempSync(join(scratch, "model-"));
  cpSync(tiny, folder, { recursive: true });
  const card = JSON.parse(readFileSync(join(tiny, "model.json"), "utf8"));
  card.plan.slices = { ...card.plan.slices, width, height };
  change(card);
  writeFileSync(join(folder, "model.json"), JSON.stringify(card));
  return folder;
}

const model = modelWith(() => {});
const picture: Scan<Uint8Array> = { shape: [1, height, width], channels: 1, data: pixels, meaning: "shown" };
const truth = expected.labels.slice(0, width * height);

test("a picture in any form gives the labels that PyTorch and MONAI give", async () => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  assert.deepEqual(segmenter.runtime, { precision: "fp32", provider: "cpu", threads: 1, notes: [] });
  const pgm = new Uint8Array(Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), pixels]));
  const path = join(scratch, "picture.pgm");
  writeFileSync(path, pgm);
  const rgba = Uint8ClampedArray.from({ length: 4 * pixels.length }, (_, i) => (i % 4 === 3 ? 255 : pixels[i >> 2]!));
  const forms = {
    scan: picture,
    imageData: { width, height, data: rgba },
    bytes: pgm,
    buffer: pgm.buffer as ArrayBuffer,
    blob: new Blob([pgm]),
    file: new File([pgm], "picture.pgm"),
    path,
    url: pathToFileURL(path),
  };
  for (const [form, image] of Object.entries(forms)) {
    const { labels, classes, fractions, picture } = await segmenter.segment(image);
    assert.deepEqual([labels.shape, labels.data.join("")], [[1, height, width], truth], form);
    assert.deepEqual(
      classes.map(({ value, name }) => [value, name]),
      [
        [1, "first"],
        [2, "second"],
      ],
    );
    assert.deepEqual([fractions, picture], [[], undefined]);
  }
  assert.equal(pixels.length, width * height, "what is given is not taken away");
});

test("labels and fractions lie on the image's own grid, the pictures as the eye is used to it", async () => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  // RAS, as NIfTI files often are: half a turn from what is shown.
  const affine = [2, 0, 0, -7, 0, 3, 0, 5, 0, 0, 4, 1, 0, 0, 0, 1];
  const ras: Scan<Uint8Array> = { ...picture, data: pixels.toReversed(), meaning: "relative", affine };
  const bytes = encodeNifti(ras);
  const {
    labels,
    fractions,
    picture: found,
  } = await segmenter.segment(bytes, {
    wantsFractions: true,
    wantsPicture: true,
  });
  assert.deepEqual([labels.affine, labels.spacingMm], [affine, [4, 3, 2]]);
  const shown = await segmenter.segmentShown(reorientForDisplay(ras), { wantsFractions: true });
  assert.deepEqual(labels.data, shown.labels.toReversed());
  assert.deepEqual(
    fractions.map(({ data }) => data),
    shown.fractions.map((values) => values.toReversed()),
  );
  assert.ok(labels.data.some((label) => label === 2));
  const { image, mask, slice } = found!;
  assert.deepEqual([slice, image.width, image.height], [0, width, height]);
  const first = shown.labels.indexOf(1);
  assert.deepEqual([...mask.data.subarray(4 * first, 4 * first + 3)], [230, 90, 60]);
  assert.ok(shown.labels.every((label, i) => label > 0 === mask.data[4 * i + 3]! > 0));
});

test("of a scan in the program's memory only the slices go to the network's thread, each once", async (t) => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  const sent: Request[] = [];
  const { postMessage } = Worker.prototype;
  t.mock.method(Worker.prototype, "postMessage", function (this: Worker, request: Request) {
    sent.push(request);
    postMessage.call(this, request);
  });
  const data = Uint8Array.from({ length: 9 * pixels.length }, (_, i) => pixels[i % pixels.length]!);
  const { labels } = await segmenter.segmentShown({ ...picture, shape: [9, height, width], data });
  assert.equal(labels.join(""), Array.from({ length: 9 }, () => truth).join(""));
  const batches = sent.flatMap((request) => (request.kind === "segmentSlices" ? [request.job.batch.slices] : []));
  const buffers = batches.map((slices) => new Set(slices.flat().map(({ buffer }) => buffer)));
  assert.deepEqual(
    buffers.flatMap((some) => [...some].map(({ byteLength }) => byteLength)),
    Array.from({ length: 9 }, () => pixels.length),
  );
});

test("the network by itself gives its logits", async () => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  const logits = await segmenter.logitsOf(new Float32Array(2 * 256), 2);
  assert.deepEqual([logits.length, logits.subarray(0, 768)], [2 * 3 * 256, logits.subarray(768)]);
  await assert.rejects(segmenter.logitsOf(new Float32Array(100)), /expected 256 values, \[1, 1, 16, 16\], got 100/);
});

test("what the model was not made for is refused, and it works on", async () => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  const data = Uint8ClampedArray.from({ length: 4 * pixels.length }, (_, i) => [200, 10, 10, 255][i % 4]!);
  await assert.rejects(segmenter.segment({ width, height, data }), { name: "MedsslError", code: "ERR_INPUT_COLOR" });
  const text = new TextEncoder().encode("no image at all");
  const unknown = { code: "ERR_IMAGE_FORMAT", message: /^notes\.txt: expected an image/ };
  await assert.rejects(segmenter.segment(new File([text], "notes.txt")), unknown);
  await assert.rejects(segmenter.segment(join(scratch, "nowhere.png")), { code: "ERR_IMAGE_READ" });
  const unreachable = { code: "ERR_IMAGE_READ", message: /^http:\/\/127\.0\.0\.1:1\/a\.png: cannot be fetched/ };
  await assert.rejects(segmenter.segment("http://127.0.0.1:1/a.png"), unreachable);
  await assert.rejects(async () => await segmenter.segment({ width: 9, height, data }), { code: "ERR_INPUT_PIXELS" });
  assert.equal((await segmenter.segment(picture)).labels.data.join(""), truth);
});

test("it says how far it is, stops when it is told to, and works on", async () => {
  await using segmenter = await Segmenter.load(model, { threads: 1 });
  const volume: Scan<Uint8Array> = {
    ...picture,
    shape: [40, height, width],
    data: Uint8Array.from({ length: 40 * pixels.length }, (_, i) => pixels[i % pixels.length]!),
  };
  const controller = new AbortController();
  let last = 0;
  const onProgress = (done: number, total: number) => {
    assert.ok(done > last && total === 40);
    last = done;
    if (done >= 8) controller.abort();
  };
  const [first, second] = [
    segmenter.segment(volume, { onProgress, signal: controller.signal }),
    segmenter.segment(picture),
  ];
  await assert.rejects(first, { name: "AbortError" });
  assert.equal((await second).labels.data.join(""), truth);
  assert.ok(last < 40);
  await assert.rejects(segmenter.segment(picture, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a model with a missing, altered or newer file is not loaded", async () => {
  const altered = modelWith(() => {});
  const bytes = readFileSync(join(tiny, "model.onnx"));
  bytes[700]! ^= 1;
  writeFileSync(join(altered, "model.onnx"), bytes);
  const hashes = /model\.onnx: was altered: expected the SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}$/;
  await assert.rejects(Segmenter.load(altered), { name: "MedsslError", code: "ERR_MODEL_FILE", message: hashes });
  writeFileSync(join(altered, "model.onnx"), bytes.subarray(0, 1000));
  const short = /model\.onnx: was altered or cut short: expected \d+ bytes, got 1000$/;
  await assert.rejects(Segmenter.load(altered), { code: "ERR_MODEL_FILE", message: short });
  rmSync(join(altered, "model.onnx"));
  await assert.rejects(Segmenter.load(altered), { code: "ERR_MODEL_FILE", message: /model\.onnx: is missing/ });
  await assert.rejects(Segmenter.load(scratch), { code: "ERR_MODEL_FILE", message: /found no model\.json/ });
  const newer = modelWith((card) => {
    card["version"] = 2;
  });
  await assert.rejects(Segmenter.load(newer), { code: "ERR_MODEL_VERSION" });
  const unhashed = modelWith((card) => {
    card["files"] = {};
  });
  await assert.rejects(Segmenter.load(unhashed), { code: "ERR_MODEL_CARD", message: /says no hash of model\.onnx/ });
});

test("options that the model or this platform does not have are refused", async () => {
  const precision = { code: "ERR_MODEL_PRECISION", message: /expected weights of fp16, there are fp32/ };
  await assert.rejects(Segmenter.load(model, { precision: "fp16" }), precision);
  await assert.rejects(Segmenter.load(model, { provider: "wasm" }), { code: "ERR_PROVIDER" });
  const whole = modelWith(({ plan }) => Object.assign(plan, { mode: "whole" }));
  await assert.rejects(Segmenter.load(whole, { inference: { tileOverlap: 0.2 } }), { code: "ERR_OPTION_OVERLAP" });
});

/** Worker threads of this process. */
function numThreads(): number {
  const { workers } = process.report.getReport() as unknown as { workers: unknown[] };
  return workers.length;
}

test("what was begun when it is disposed of comes to its end; later it is no use, and no thread stays", async () => {
  const segmenter = await Segmenter.load(model, { threads: 1 });
  const loaded = numThreads();
  const begun = [segmenter.segment(picture), segmenter.segment(picture)];
  const ends = [segmenter.dispose(), segmenter.dispose()];
  await assert.rejects(segmenter.segment(picture), { code: "ERR_SEGMENTER_DISPOSED" });
  for (const { labels } of await Promise.all(begun)) assert.equal(labels.data.join(""), truth);
  await Promise.all(ends);
  assert.equal(numThreads(), loaded - 1);
  await segmenter.dispose();
  await assert.rejects(segmenter.segment(picture), { code: "ERR_SEGMENTER_DISPOSED" });
});

test("a load that is called off leaves no thread, however far it came", async () => {
  const before = numThreads();
  await assert.rejects(Segmenter.load(model, { signal: AbortSignal.abort() }), { name: "AbortError" });
  const controller = new AbortController();
  const loading = Segmenter.load(model, { signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(loading, { name: "AbortError" });
  assert.equal(numThreads(), before);
});
