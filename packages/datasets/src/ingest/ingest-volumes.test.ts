/** The layouts of CT, MR and DICOM, from the files on disk to the pixels in the store. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  encodePng,
  encodeSegmentation,
  groupInstances,
  instanceHeader,
  parseDicom,
  structureOf,
} from "@medssl/imaging";
import { parseLabels } from "../label-rule.ts";
import { type Files, folderOf, mask, nifti, volume } from "../layouts/miniature.ts";
import { ctSegmentation, ctSlice, type DicomElements, dicomImage, SOP_CLASSES } from "../layouts/sample-dicom.ts";
import type { SourceFolder } from "../layouts/source-folder.ts";
import { readCase } from "../store/case-pixels.ts";
import { openStore, type Store } from "../store/store.ts";
import { type IngestOptions, ingest } from "./ingest.ts";

const SIZE = 24;
/** Of the volumes of miniature.ts. */
const DEPTH = 3;

/** Ingests into a new store, or another one, 24x24; all files that were found are stored. */
async function store(sources: SourceFolder | readonly SourceFolder[], options: Partial<IngestOptions> = {}) {
  const { store: dir = join(folderOf({}).root, "store") } = options;
  const notes: string[] = [];
  const summary = await ingest(
    [sources].flat().map(({ root }) => root),
    { store: dir, width: SIZE, height: SIZE, workers: 1, ...options },
    (event) => event.type === "note" && notes.push(event.message),
  );
  assert.deepEqual(summary.quarantine, []);
  assert.equal(summary.found, summary.stored + summary.unchanged);
  return { summary, store: openStore(dir), notes: notes.join("\n") };
}

/** Label indices that the masks of a store hold, and how its cases are told apart. */
function labelsIn(opened: Store): string {
  const indices = opened.cases.flatMap((one) => [...(readCase(opened, one).labels?.data ?? [])]);
  return [...new Set(indices)].sort((a, b) => a - b).join();
}

const valuesOf = (opened: Store, column: string) =>
  opened
    .query<{ value: unknown }>(`SELECT DISTINCT ${column} AS value FROM cases ORDER BY 1`)
    .map(({ value }) => value);

test("DeepLesion: PNGs become Hounsfield units with spacing, place and split", async () => {
  const hounsfield = Int16Array.from({ length: SIZE * SIZE }, (_, i) => -1000 + 3 * i);
  const png = await encodePng({
    width: SIZE,
    height: SIZE,
    channels: 1,
    data: Uint16Array.from(hounsfield, (value) => value + 32768),
  });
  const row = '000001_01_01_109.png,"0.25, 0.5, 0.75","0.8, 0.7, 5",2';
  const source = folderOf({
    "DL_info.csv": `File_name,Normalized_lesion_location,Spacing_mm_px_,Train_Val_Test\n${row}\n`,
    "Images_png/000001_01_01/109.png": png,
  });
  const { summary, store: opened } = await store(source);
  assert.equal(summary.sources[0]?.layout, "deeplesion");
  assert.deepEqual(readCase(opened, opened.cases[0]!).image.data, hounsfield);
  assert.deepEqual(valuesOf(opened, "spacing_z || ' ' || spacing_y || ' ' || spacing_x"), ["5.0 0.7 0.8"]);
  assert.deepEqual(valuesOf(opened, "location || split"), ["[0.25,0.5,0.75]validation"]);
});

test("AMOS22: CT as Hounsfield units, MR as grey values, 15 labels, official split", async () => {
  const everyLabel = mask(...Array.from({ length: 15 }, (_, i) => i + 1));
  const source = folderOf({
    "imagesTr/amos_0001.nii.gz": volume(1),
    "labelsTr/amos_0001.nii.gz": everyLabel,
    "imagesTr/amos_0507.nii.gz": volume(2),
    "labelsTr/amos_0507.nii.gz": everyLabel,
    "imagesVa/amos_0008.nii.gz": volume(3),
    "imagesTs/amos_0500.nii.gz": volume(4),
  });
  const { summary, store: opened } = await store(source);
  assert.deepEqual([summary.sources[0]?.layout, summary.stored, summary.masks, summary.patients], ["amos22", 4, 2, 4]);
  assert.equal(summary.cases, 4 * DEPTH);
  assert.deepEqual(valuesOf(opened, "recipe"), ["ct", "mr"]);
  assert.deepEqual(valuesOf(opened, "split"), ["test", "train", "validation"]);
  assert.equal(labelsIn(opened), "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15");
  assert.equal(opened.info.labels[8]?.name, "postcava");
});

test("ACDC: both phases of a patient, stratum kept", async () => {
  const source = folderOf({
    "training/patient001/Info.cfg": "ED: 1\nES: 12\nGroup: HCM\nHeight: 184\n",
    "training/patient001/patient001_4d.nii.gz": volume(1, 4),
    "training/patient001/patient001_frame01.nii.gz": volume(2),
    "training/patient001/patient001_frame01_gt.nii.gz": mask(1, 2, 3),
    "training/patient001/patient001_frame12.nii.gz": volume(3),
    "training/patient001/patient001_frame12_gt.nii.gz": mask(1, 2, 3),
  });
  const { summary, store: opened } = await store(source);
  assert.deepEqual([summary.sources[0]?.layout, summary.stored, summary.masks, summary.patients], ["acdc", 2, 2, 1]);
  assert.equal(labelsIn(opened), "0,1,2,3");
  assert.deepEqual(valuesOf(opened, "stratum || recipe"), ["HCMmr"]);
});

test("MM-WHS: grey values become seven labels, 421 among them", async () => {
  const source = folderOf({
    "ct_train_1001_image.nii.gz": volume(1),
    "ct_train_1001_label.nii.gz": mask(205, 420, 500, 550, 600, 820, 850),
    "mr_train_1001_image.nii.gz": volume(2),
    "mr_train_1001_label.nii.gz": mask(421),
    "mr_test_2001_image.nii.gz": volume(3),
  });
  const { summary, store: opened } = await store(source);
  assert.deepEqual([summary.sources[0]?.layout, summary.stored, summary.masks, summary.patients], ["mm-whs", 3, 2, 3]);
  assert.equal(labelsIn(opened), "0,1,2,3,4,5,6,7");
  const mr = opened.cases.find(({ recipe, hasMask }) => recipe === "mr" && hasMask)!;
  assert.deepEqual([...new Set(readCase(opened, mr).labels!.data)], [0, 2]);
});

test("LiTS and MSD's Task03 in one store: the same people; placeholders for voxel sizes are not believed", async () => {
  const lits = folderOf({
    "volume-28.nii.gz": volume(1),
    "segmentation-28.nii.gz": mask(1, 2),
    "volume-3.nii.gz": volume(2),
  });
  const task = folderOf({
    "Task03_Liver/dataset.json": '{"name": "Liver", "modality": {"0": "CT"}, "labels": {"1": "liver", "2": "cancer"}}',
    "Task03_Liver/imagesTr/liver_28.nii.gz": volume(3),
    "Task03_Liver/labelsTr/liver_28.nii.gz": mask(1, 2),
  });
  const alone = await store(lits);
  assert.deepEqual(
    [alone.summary.sources[0]?.layout, alone.summary.masks, labelsIn(alone.store)],
    ["lits", 1, "0,1,2"],
  );
  const spacings = alone.store.query<{ z: number | null; y: number | null }>(
    "SELECT DISTINCT spacing_z AS z, spacing_y AS y FROM cases ORDER BY z",
  );
  assert.deepEqual(
    spacings.map(({ z, y }) => [z, y && Math.round(y * 10)]),
    [
      [null, null],
      [5, 8],
    ],
  );
  const { summary, store: both, notes } = await store([lits, task], { skipsMasks: true });
  assert.deepEqual(
    summary.sources.map(({ layout }) => layout),
    ["lits", "msd"],
  );
  assert.equal(summary.stored, 3);
  assert.equal(valuesOf(both, "patient").length, 2);
  assert.match(notes, /hold the same people/);
});

test("MSD: of several images in a file the first is stored; the left atrium is called so", async () => {
  const brain = folderOf({
    "dataset.json": '{"modality": {"0": "FLAIR", "1": "T1w"}, "labels": {"0": "background", "1": "edema"}}',
    "imagesTr/BRATS_001.nii.gz": volume(1, 2),
    "labelsTr/BRATS_001.nii.gz": mask(1),
  });
  const { summary, store: opened } = await store(brain);
  assert.deepEqual([summary.sources[0]?.layout, summary.cases, labelsIn(opened)], ["msd", DEPTH, "0,1"]);
  const heart = folderOf({
    "dataset.json": '{"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "heart"}}',
    "imagesTr/la_003.nii.gz": volume(1),
    "labelsTr/la_003.nii.gz": mask(1),
  });
  assert.deepEqual((await store(heart)).summary.labels, [{ value: 1, name: "left atrium" }]);
});

test("nnU-Net raw: channels stay apart, regions become labels of values", async () => {
  const files: Files = {
    "dataset.json": JSON.stringify({
      channel_names: { 0: "CT", 1: "PET" },
      labels: { background: 0, kidney: [1, 2, 3], masses: [2, 3], tumor: 2 },
    }),
    "imagesTr/a_0000.nii.gz": volume(1),
    "imagesTr/a_0001.nii.gz": volume(2),
    "labelsTr/a.nii.gz": mask(1, 2, 3),
  };
  const { summary, store: opened } = await store(folderOf(files));
  assert.deepEqual(
    [summary.sources[0]?.layout, summary.stored, summary.masks, summary.patients],
    ["nnunet-raw", 2, 2, 1],
  );
  const recipes = valuesOf(opened, "recipe");
  assert.deepEqual([recipes.length, recipes[0]], [2, "ct"]);
  assert.deepEqual(
    summary.labels.map(({ name }) => name),
    ["kidney", "tumor", "masses"],
  );
  assert.equal(labelsIn(opened), "0,1,2,3");
});

test("a tree of DICOM: a series in its order, a film, what is broken", async () => {
  const film = dicomImage({
    "00080016": SOP_CLASSES.cr,
    "00080018": "1.2.3.2.1.1",
    "00080060": "CR",
    "00100020": "P2",
    "00185101": "PA",
    "0020000D": "1.2.3.2",
    "0020000E": "1.2.3.2.1",
  });
  const source = folderOf({
    "x/1": ctSlice(1, 30),
    "x/2": ctSlice(2, 10),
    "x/3": ctSlice(3, 20),
    film,
    README: "no DICOM",
  });
  const { summary, store: opened, notes } = await store(source);
  assert.deepEqual(
    [summary.sources[0]?.layout, summary.found, summary.cases, summary.patients],
    ["dicom-tree", 4, 4, 2],
  );
  assert.deepEqual(
    opened
      .query<{ zMm: number }>("SELECT z_mm AS zMm FROM cases WHERE recipe = 'ct' ORDER BY slice")
      .map(({ zMm }) => zMm),
    [10, 20, 30],
  );
  assert.deepEqual(valuesOf(opened, "view || projection"), [null, "frontalPA"]);
  assert.match(notes, /1 files are no DICOM and were left out, such as .*README/);
  const again = folderOf({ "x/1": ctSlice(1, 30), "x/2": ctSlice(2, 10).subarray(0, 300), "x/3": ctSlice(3, 20) });
  const dir = join(folderOf({}).root, "store");
  const partly = await ingest([again.root], { store: dir, width: SIZE, height: SIZE, workers: 1 }, () => {});
  assert.deepEqual([partly.found, partly.stored, partly.quarantined], [3, 2, 1]);
  assert.equal(partly.quarantine[0]?.file, again.at("x/2"));
  assert.equal(partly.quarantine[0]?.code, "ERR_DICOM_CORRUPT");
});

test("behind a gap, slices and the labels on them lie where their own headers say, whichever end is stored first", async () => {
  const heights = [0, 5, 10, 15, 25, 30, 35];
  // Upside down, the slices are stored from head to foot.
  for (const directions of ["1\\0\\0\\0\\1\\0", "-1\\0\\0\\0\\1\\0"]) {
    const slices = heights.map((mm, i) => [`${i}`, ctSlice(i, mm, { "00200037": directions })] as const);
    const frames = [[1, 25, 0, 8] as const, [1, 30, 8, 16] as const];
    const seg = ctSegmentation(["Liver"], frames, { "00209116": [{ "00200037": directions }] });
    const { store: opened } = await store(folderOf({ ...Object.fromEntries(slices), seg }));
    const rows = opened.query<{ zMm: number; counts: string }>(
      "SELECT z_mm AS zMm, label_counts AS counts FROM cases ORDER BY slice",
    );
    assert.deepEqual(
      rows.map(({ zMm }) => zMm),
      heights,
    );
    assert.deepEqual(
      rows.filter(({ counts }) => counts !== "{}").map(({ zMm }) => zMm),
      [25, 30],
    );
  }
});

test("ACDC: slices and masks are kept as stored, with their spacing; where they lie counts as unknown", async () => {
  const [, height, width] = [DEPTH, 24, 20];
  const marked = 5 * width + 3;
  const source = folderOf({
    "training/patient001/patient001_frame01.nii": nifti((i) => i % (width * height)),
    "training/patient001/patient001_frame01_gt.nii": nifti((i) => Number(i % (width * height) === marked)),
  });
  const { summary, store: opened, notes } = await store(source);
  assert.equal(summary.sources[0]?.layout, "acdc");
  assert.match(notes, /slices are kept as they are stored/);
  const { image, labels } = readCase(opened, opened.cases[0]!);
  // 20 columns are padded to 24: two on each side.
  assert.equal(labels!.data.indexOf(1), 5 * SIZE + 2 + 3);
  assert.ok(image.data[2]! < 10 && image.data[SIZE * SIZE - 3]! > 245, "the first voxel is the first pixel");
  assert.deepEqual(valuesOf(opened, "z_mm"), [null]);
  const spacing = opened.query<{ x: number; z: number }>("SELECT spacing_x AS x, spacing_z AS z FROM cases")[0]!;
  assert.deepEqual([Math.fround(spacing.x), spacing.z], [Math.fround(0.8), 5]);
});

test("a DICOM segmentation becomes the masks of its series, labels by the codes of its segments", async () => {
  const source = folderOf({
    "1": ctSlice(1, 0),
    "2": ctSlice(2, 5),
    "3": ctSlice(3, 10),
    seg: ctSegmentation(
      ["Liver", "Tumor"],
      [
        [1, 0, 0, 8],
        [2, 10, 12, 16],
      ],
    ),
  });
  const { summary, store: opened } = await store(source, { width: 16, height: 16 });
  assert.deepEqual([summary.stored, summary.masks, summary.cases], [3, 1, 3]);
  assert.deepEqual(
    summary.labels.map(({ name }) => name),
    ["liver", "tumor"],
  );
  const rows = opened.cases.map((one) => [...readCase(opened, one).labels!.data.subarray(0, 16)].join(""));
  assert.deepEqual(rows, ["1111111100000000", "0000000000000000", "0000000000002222"]);
});

test("a stored prediction is no truth, unless automatic masks are asked for; then it can be left out again", async () => {
  const slices = { "1": ctSlice(1, 0), "2": ctSlice(2, 5), "3": ctSlice(3, 10) };
  const headers = new Map(Object.entries(slices).map(([name, bytes]) => [name, parseDicom(bytes, name)]));
  const [series] = groupInstances([...headers].map(([name, header]) => instanceHeader(header, name)));
  const predicted = (kind: "binary" | "labelmap") =>
    encodeSegmentation({
      volume: series!,
      headerOf: (name) => headers.get(name)!,
      pixels: { kind, labels: new Uint8Array(3 * 256).fill(1, 0, 40) },
      segments: [{ value: 1, name: "liver", color: [0, 158, 115], ...structureOf("liver") }],
      algorithm: { name: "our own", version: "1" },
    });
  for (const kind of ["binary", "labelmap"] as const) {
    const source = folderOf({ ...slices, seg: predicted(kind) });
    const { summary, store: opened, notes } = await store(source, { width: 16, height: 16 });
    assert.deepEqual([summary.stored, summary.masks, summary.labels], [3, 0, []]);
    assert.match(notes, /1 segmentations were made by a program alone, .* --automatic-masks takes them/);
    const again = async (takesAutomaticMasks: boolean, skipsMasks = false) =>
      await store(source, { store: opened.dir, width: 16, height: 16, takesAutomaticMasks, skipsMasks });
    const taken = await again(true);
    assert.deepEqual([taken.summary.masks, labelsIn(taken.store)], [1, "0,1"]);
    assert.doesNotMatch(taken.notes, /automatic/);
    assert.deepEqual([(await again(false)).summary.masks, labelsIn(openStore(opened.dir))], [0, ""]);
    assert.doesNotMatch((await again(false, true)).notes, /automatic/);
  }
});

test("a segmentation of which a person drew or corrected a part is truth", async () => {
  const drawn = (...types: string[]) => ctSegmentation(["Liver", "Tumor"], [[1, 0, 0, 8]], {}, types);
  for (const [types, masks] of [
    [["AUTOMATIC", "AUTOMATIC"], 0],
    [["AUTOMATIC", "MANUAL"], 1],
    [["SEMIAUTOMATIC", "SEMIAUTOMATIC"], 1],
  ] as const) {
    const source = folderOf({ "1": ctSlice(1, 0), "2": ctSlice(2, 5), "3": ctSlice(3, 10), seg: drawn(...types) });
    assert.equal((await store(source, { width: 16, height: 16 })).summary.masks, masks, types.join());
  }
});

test("a segment that is no label of the store refuses its file, unless the labels were chosen", async () => {
  const series = { "1": ctSlice(1, 0), "2": ctSlice(2, 5), "3": ctSlice(3, 10) };
  const seg = (...structures: string[]) =>
    ctSegmentation(
      structures,
      structures.map((_, i) => [i + 1, 5 * i, 0, 8] as const),
    );
  const dir = join(folderOf({}).root, "store");
  const into = (files: Files, options: Partial<IngestOptions> = {}) =>
    ingest([folderOf(files).root], { store: dir, width: SIZE, height: SIZE, workers: 1, ...options }, () => {});
  await into({ ...series, seg: seg("Liver", "Tumor") });
  // Other pixels, so that it is no copy.
  const other = { "1": ctSlice(4, 0), "2": ctSlice(5, 5), "3": ctSlice(6, 10), seg: seg("Liver", "Spleen") };
  const { quarantine } = await into(other);
  assert.deepEqual(
    quarantine.map(({ code }) => code),
    ["ERR_MASK_VALUES", "ERR_MASK_VALUES", "ERR_MASK_VALUES"],
  );
  assert.match(quarantine[0]!.reason, /seg: segments that are no labels: spleen; labels are liver, tumor$/);
  const { store: chosen } = await store(folderOf(other), { labels: parseLabels("spleen") });
  assert.equal(labelsIn(chosen), "0,1");
});

test("DICOM that says CT, but not Hounsfield units, and localizers are pictures, and that is told", async () => {
  const ctAs = async (elements: DicomElements) => {
    const { store: opened, notes } = await store(
      folderOf({ "1": ctSlice(1, 0, elements), "2": ctSlice(2, 5, elements) }),
    );
    return [
      valuesOf(opened, "recipe").join(),
      /(a localizer|CT whose header)[^:]*: stored as a picture|$/.exec(notes)![1],
    ];
  };
  assert.deepEqual(await ctAs({}), ["ct", undefined]);
  assert.deepEqual(await ctAs({ "00281054": "OD" }), ["picture", "CT whose header"]);
  assert.deepEqual(await ctAs({ "00080008": "ORIGINAL\\PRIMARY\\LOCALIZER" }), ["picture", "a localizer"]);
});
