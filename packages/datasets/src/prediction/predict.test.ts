import assert from "node:assert/strict";
import { existsSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import {
  decodeMaskScan,
  decodeScan,
  encodeNifti,
  parseDicom,
  readImageBytes,
  readSegmentation,
  type Scan,
} from "@medssl/imaging";
import { folderOf } from "../layouts/miniature.ts";
import { ctSlice, SOP_CLASSES } from "../layouts/sample-dicom.ts";
import { predict } from "./predict.ts";
import { picture } from "./testing/bright-picture.ts";
import { brightModel, predictionOptions } from "./testing/bright-segmenter.ts";
import { putFile } from "./write-result.ts";

/** 3 slices of which each is bright in a corner of its own, stored from left to right and from front to back. */
const volume: Scan<Int16Array> = {
  shape: [3, 4, 5],
  channels: 1,
  data: Int16Array.from({ length: 60 }, (_, i) => (i % 20 < 2 + Math.floor(i / 20) ? 900 : i % 3)),
  meaning: "relative",
  affine: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 5, 30, 0, 0, 0, 1],
};

/** What makes a CT slice a radiograph. */
const FILM = {
  "00080060": "CR",
  "00080016": SOP_CLASSES.cr,
  "00200032": "",
  "00200037": "",
  "00281052": "",
  "00281053": "",
};

const readMask = async (file: string) => await decodeMaskScan(await readImageBytes(file), file);

test("pictures become PNGs, volumes NIfTI on their own grid; what was found is counted, and written as JSON and CSV", async () => {
  const { root } = folderOf({ "a.png": await picture(), "v.nii": encodeNifti(volume), "a_mask.png": await picture() });
  const out = join(root, "out");
  const options = predictionOptions([root], out);
  const { predictions, classes, isComplete, notes } = await predict({ ...options, model: brightModel() });
  assert.equal(isComplete, true);
  assert.deepEqual(classes, [{ name: "lung", value: 1, color: [230, 159, 0] }]);
  const [a, v] = predictions;
  assert.deepEqual(a!.outputs, { png: "masks/a.png", overlay: "overlays/a.png" });
  assert.deepEqual(v!.outputs, { nifti: "masks/v.nii.gz", overlay: "overlays/v.png" });
  assert.deepEqual(a!.classes, [{ name: "lung", value: 1, voxels: 24, share: 0.5 }]);
  assert.deepEqual(v!.classes, [{ name: "lung", value: 1, voxels: 9, share: 9 / 60, volumeMl: 0.18 }]);
  assert.deepEqual(v!.spacingMm, [5, 2, 2]);
  const mask = await readMask(join(out, "masks/v.nii.gz"));
  assert.deepEqual([mask.shape, mask.affine], [volume.shape, volume.affine]);
  assert.deepEqual(
    [...mask.data],
    [...volume.data].map((value) => Number(value > 100)),
  );
  assert.deepEqual(
    [...(await readMask(join(out, "masks/a.png"))).data],
    [..."1".repeat(24), ..."0".repeat(24)].map(Number),
  );
  assert.equal(JSON.parse(readFileSync(join(out, "predictions.json"), "utf8")).predictions.length, 2);
  assert.deepEqual(readFileSync(join(out, "predictions.csv"), "utf8").split("\r\n").slice(0, 3), [
    "file,name,mask,overlay,lung share,lung ml,warnings,skipped",
    `${join(root, "a.png")},a,masks/a.png,overlays/a.png,0.500000,,,`,
    `${join(root, "v.nii")},v,masks/v.nii.gz,overlays/v.png,0.150000,0.180,,`,
  ]);
  assert.match(notes.join("\n"), /1 file is named as a mask and left out, such as .*a_mask.png/);
  assert.match(notes.join("\n"), /1 image does not say how large its pixels are/);
});

test("files are called as they were given, pictures, series and what was skipped, also where results are kept", async () => {
  const { root } = folderOf({
    "x/a.png": await picture(),
    "x/b.png": "no picture",
    "x/film.dcm": ctSlice(1, 0, FILM),
    "x/ct/1.dcm": ctSlice(1, 0),
    "x/ct/2.dcm": ctSlice(2, 5),
  });
  const out = join(root, "out");
  const names = ["a.png", "film.dcm", "b.png", "ct"];
  for (const given of [relative(process.cwd(), join(root, "x")), join(root, "x")]) {
    await predict({ ...predictionOptions([given], out), model: brightModel() });
    const [head, ...rows] = readFileSync(join(out, "predictions.csv"), "utf8").trimEnd().split("\r\n");
    assert.equal(head, "file,name,mask,seg,overlay,studyUid,seriesUid,lung share,lung mm2,warnings,skipped");
    assert.deepEqual(
      rows.map((row) => row.split(",")[0]),
      names.map((name) => join(given, name)),
    );
    assert.match(rows[1]!, /,film,masks\/film.png,seg\/film.dcm,overlays\/film.png,1.2.3.1,1.2.3.1.1,/);
    for (const row of rows.slice(2)) assert.match(row, /^[^,]+,{10}"?[^,"]+/, "nothing but the reason");
  }
});

test("formats that were asked for: a picture's NIfTI, no overlays; what none of them can hold is skipped with the reason", async () => {
  const { root } = folderOf({ "a.png": await picture(), "v.nii": encodeNifti(volume) });
  const run = async (formats: readonly ("png" | "nifti" | "seg")[]) => {
    const options = predictionOptions([root], join(root, formats.join()));
    const report = await predict({ ...options, formats, hasOverlays: false, model: brightModel() });
    return { outputs: report.predictions.map((one) => one.outputs), skipped: report.skipped, notes: report.notes };
  };
  assert.deepEqual((await run(["nifti"])).outputs, [{ nifti: "masks/a.nii.gz" }, { nifti: "masks/v.nii.gz" }]);
  const png = await run(["png"]);
  assert.deepEqual(png.outputs, [{ png: "masks/a.png" }]);
  assert.match(png.skipped[0]!.reason, /v.nii: a PNG holds one picture, this is a volume/);
  const seg = await run(["seg"]);
  assert.deepEqual(
    [seg.outputs.length, seg.skipped.map(({ code }) => code)],
    [0, ["ERR_OUTPUT_FORMAT", "ERR_OUTPUT_FORMAT"]],
  );
  const both = await run(["nifti", "seg"]);
  assert.match(both.notes.join("\n"), /a.png \(and 1 other image\): no DICOM segmentation: the image is no DICOM/);
});

test("DICOM: each series of a folder has its result and its segmentation; a missing slice is told of", async () => {
  const other = { "0020000E": "1.2.3.1.2", "00280030": "2\\2" };
  const bright = { "00281052": "90" };
  const { root } = folderOf({
    ...Object.fromEntries([0, 1, 2, 4].map((z) => [`one/${9 - z}.dcm`, ctSlice(z + 1, 5 * z, bright)])),
    "one/two-1.dcm": ctSlice(11, 0, { ...other, "00080018": "1.2.3.1.2.1", "0008103E": "Lung 2.0", "00200011": "7" }),
    "one/two-2.dcm": ctSlice(12, 5, { ...other, "00080018": "1.2.3.1.2.2" }),
  });
  const out = join(root, "out");
  const { predictions, skipped } = await predict({
    ...predictionOptions([root], out),
    ...{ model: brightModel("int16"), formats: ["nifti", "seg", "seg-fractional"] },
  });
  assert.deepEqual(skipped, []);
  assert.deepEqual(
    predictions.map(({ dicom, shape }) => [dicom?.seriesUid, shape[0]]),
    [
      ["1.2.3.1.1", 4],
      ["1.2.3.1.2", 2],
    ],
  );
  assert.deepEqual(
    predictions.map(({ file, name }) => [file.slice(root.length), name]),
    [
      ["/one (from 9.dcm)", "one"],
      ["/one (series 7, Lung 2.0)", "one-2"],
    ],
  );
  const [gapped] = predictions;
  assert.match(gapped!.warnings.join(), /1 slice is missing: 10.00 mm between slices 3 and 4/);
  const path = join(out, gapped!.outputs.seg!);
  const segmentation = await readSegmentation(parseDicom(readFileSync(path), path));
  assert.deepEqual([segmentation.kind, segmentation.segments[0]!.label], ["binary", "lung"]);
  assert.deepEqual(
    segmentation.frames.map(({ sources }) => sources[0]!.instanceUid),
    [1, 2, 3, 5].map((number) => `1.2.3.1.1.${number}`),
  );
  const mask = await readMask(join(out, gapped!.outputs.nifti!));
  const drawn = segmentation.frames.flatMap((_, frame) => [...segmentation.valuesOf(frame)]);
  assert.deepEqual(drawn, [...mask.data]);
  const fractional = join(out, gapped!.outputs["seg-fractional"]!);
  const unsure = await readSegmentation(parseDicom(readFileSync(fractional), fractional));
  assert.equal(unsure.kind, "fractional");
  assert.deepEqual(
    unsure.frames.flatMap((_, frame) => [...unsure.valuesOf(frame)]),
    drawn.map((value) => 200 * value),
  );
});

test("a series is known whichever folder above it is given, and needs no patient", async () => {
  const nameless = { "00100020": "" };
  const { root } = folderOf({ "study/one/1.dcm": ctSlice(1, 0, nameless), "study/one/2.dcm": ctSlice(2, 5, nameless) });
  const out = join(root, "out");
  const given = [join(root, "study"), join(root, "study/one")];
  const { predictions } = await predict({ ...predictionOptions(given, out), model: brightModel("int16") });
  assert.deepEqual(
    predictions.map(({ name }) => name),
    ["one"],
  );
  const again = await predict({ ...predictionOptions(given.slice(1), out), model: brightModel("int16") });
  assert.equal(again.numKept, 1);
  assert.doesNotMatch(again.notes.join("\n"), /patient number/);
});

test("a film's segmentation lies on its pixels", async () => {
  const { root } = folderOf({ "film.dcm": ctSlice(1, 0, FILM) });
  const out = join(root, "out");
  const { predictions } = await predict({ ...predictionOptions([join(root, "film.dcm")], out), model: brightModel() });
  assert.deepEqual(Object.keys(predictions[0]!.outputs), ["png", "seg", "overlay"]);
  const path = join(out, "seg/film.dcm");
  const segmentation = await readSegmentation(parseDicom(readFileSync(path), path));
  assert.deepEqual([...segmentation.valuesOf(0)], [...(await readMask(join(out, "masks/film.png"))).data]);
});

test("the memory of large images is given back behind their last use, here and in threads", async () => {
  const [width, height] = [1031, 1024];
  const { root } = folderOf({ "a.png": await picture(width, height), "b.png": await picture(width, height) });
  const run = async (numWorkers: number) => {
    const out = join(root, `out${numWorkers}`);
    const given: Scan[] = [];
    const model = brightModel("uint8", { onShown: (shown) => given.push(shown) });
    await predict({ ...predictionOptions([root], out), numWorkers, patienceMs: 0, model });
    assert.deepEqual(
      given.map(({ data }) => data.length),
      [0, 0],
    );
    return ["masks/a.png", "overlays/a.png"].map((path) => readFileSync(join(out, path)));
  };
  const here = await run(0);
  const { data } = await readMask(join(root, "out0/masks/a.png"));
  assert.ok(data.every((label, i) => label === Number(i < data.length / 2)));
  const overlay = await decodeScan(here[1]!, "overlay");
  assert.ok(
    overlay.data.subarray(0, 300).every((value) => value > 0),
    "the bright half is drawn",
  );
  assert.deepEqual(await run(1), here);
});

test("what cannot be read, or is of another kind, is told of, and does not stop the others; threads change nothing", async () => {
  const film = await picture();
  const { root } = folderOf({
    "a.png": await picture(),
    "b.png": (await picture()).subarray(0, 40),
    "c.dcm": ctSlice(1, 0),
    "d.png": await picture(9, 9),
    "e.dcm": ctSlice(2, 0).subarray(0, 700),
    ...Object.fromEntries([1, 2, 3, 4].map((number) => [`f${number}.png`, film])),
  });
  const run = async (numWorkers: number) => {
    const out = join(root, `out${numWorkers}`);
    const threads = { numWorkers, patienceMs: 0 };
    const report = await predict({ ...predictionOptions([root], out), ...threads, model: brightModel() });
    assert.equal(report.isComplete, true);
    assert.deepEqual(report.skipped.map(({ file }) => file.slice(root.length + 1)).sort(), ["b.png", "c.dcm", "e.dcm"]);
    const files = ["masks/a.png", "overlays/d.png"].map((name) => readFileSync(join(out, name)));
    return { found: report.predictions.map(({ seconds: _, ...one }) => one), skipped: report.skipped, files };
  };
  const [here, threads] = [await run(0), await run(2)];
  assert.deepEqual(
    here.found.map(({ name }) => name),
    ["a", "d", "f1", "f2", "f3", "f4"],
  );
  assert.match(here.skipped.find(({ file }) => file.endsWith("c.dcm"))!.reason, /trained on grey values/);
  assert.deepEqual(threads, here);
});

test("a full disk is one clear error, and leaves the old file", { skip: !existsSync("/dev/full") }, () => {
  const path = join(folderOf({ "a.png": "old" }).root, "a.png");
  symlinkSync("/dev/full", `${path}.part`);
  assert.throws(() => putFile(path, "new"), { code: "ERR_DISK_FULL", hint: /goes on where it stopped/ });
  assert.equal(readFileSync(path, "utf8"), "old");
  assert.equal(existsSync(`${path}.part`), false);
});

test("a model that finds nothing in any image is remarked", async () => {
  const { root } = folderOf({ "a.png": await picture(), "b.png": await picture() });
  const model = brightModel("uint8", { threshold: 255 });
  const { notes } = await predict({ ...predictionOptions([root], join(root, "out")), model });
  assert.match(notes.join("\n"), /found nothing in any of 2 images: are they of the kind/);
});

test("segmentations go to an archive once; one that is refused is told of, and tried again the next time", async () => {
  const slice = (series: number) => ctSlice(1, 0, { "0020000E": `1.2.3.${series}`, "00080018": `1.2.3.${series}.1` });
  const { root } = folderOf({ "a.dcm": slice(7), "b.dcm": slice(8) });
  const out = join(root, "out");
  const asked: number[] = [];
  const run = async (isStored: (number: number) => boolean) => {
    const archive = {
      address: "http://archive",
      async store(files: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
        const [file] = await Array.fromAsync(files);
        const instanceUid = parseDicom(file!, "sent", { headerOnly: true }).string("00080018")!;
        asked.push(asked.length);
        return [
          { instanceUid, ...(isStored(asked.length) ? { isStored: true } : { isStored: false, reason: "full" }) },
        ];
      },
    };
    const report = await predict({ ...predictionOptions([root], out), model: brightModel("int16"), archive });
    return report.predictions.map(({ stored }) => stored!.map((one) => one.isStored));
  };
  assert.deepEqual(await run((number) => number !== 2), [[true], [false]]);
  assert.ok(existsSync(join(out, "seg/b.dcm")));
  assert.deepEqual(await run(() => true), [[true], [true]]);
  assert.equal(asked.length, 3);
});

test("what somebody corrected before it went to an archive is told of after that as well", async () => {
  const { root } = folderOf({ "film.dcm": ctSlice(1, 0, FILM) });
  const out = join(root, "out");
  const archive = { address: "http://archive", store: async () => [{ instanceUid: "1.2", isStored: true }] };
  const run = async (others: object) =>
    await predict({ ...predictionOptions([root], out), model: brightModel(), ...others });
  await run({});
  const mask = join(out, "masks/film.png");
  writeFileSync(mask, Buffer.concat([readFileSync(mask), Buffer.from("corrected")]));
  const later = new Date(Date.now() + 60_000);
  utimesSync(mask, later, later);
  assert.equal((await run({ archive })).predictions[0]!.stored?.length, 1);
  const { numKept, notes } = await run({});
  assert.equal(numKept, 1);
  assert.match(notes.join("\n"), /1 image has a result that somebody has changed/);
});

test("scores of masks stand beside what was found", async () => {
  const { root } = folderOf({ "x/a.png": await picture(), "x/b.dcm": ctSlice(1, 0, FILM) });
  const out = join(root, "out");
  const { predictions } = await predict({
    ...predictionOptions([join(root, "x")], out),
    model: brightModel(),
    measure: async (masks, classes) => {
      assert.deepEqual(
        masks.map(({ path, file, spacingMm }) => [path, file, spacingMm]),
        [
          ["a", join(out, "masks/a.png"), undefined],
          ["b", join(out, "masks/b.png"), [Number.NaN, 0.5, 0.5]],
        ],
      );
      assert.equal(classes[0]!.name, "lung");
      return { scores: new Map([["b", new Map([["lung", { dice: 0.75 }]])]]), notes: ["a has no truth"] };
    },
  });
  assert.deepEqual(
    predictions.map((one) => one.classes[0]!.truth?.dice),
    [undefined, 0.75],
  );
  assert.match(
    readFileSync(join(out, "predictions.csv"), "utf8"),
    /^file,name,mask,seg,overlay,studyUid,seriesUid,lung share,lung mm2,lung Dice,warnings,skipped\r\n/,
  );
});
