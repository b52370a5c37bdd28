import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type DicomDataset, parseDicom } from "./dataset.ts";
import { instanceHeader } from "./instance-header.ts";
import { readSegmentation } from "./segmentation.ts";
import type { WrittenSegment } from "./segmentation-codes.ts";
import { labelsOnVolume } from "./segmentation-labels.ts";
import type { SegmentationPixels } from "./segmentation-pixels.ts";
import { structureOf } from "./structures.ts";
import { groupInstances, type SeriesVolume } from "./volume.ts";
import { encodeSegmentation, type SegmentationOptions } from "./write-segmentation.ts";

// make-sources.py and make-others.py there have made the files; read-segmentations.py reads ours with highdicom and dcmqi.
const folder = join(import.meta.dirname, "fixtures-segmentations");
const temporary = mkdtempSync(join(tmpdir(), "medssl-seg-"));
after(() => rmSync(temporary, { recursive: true }));

const sources: Readonly<Record<string, readonly string[]>> = {
  ...{ ct: ["ct-0", "ct-1", "ct-2", "ct-3"], tilt: ["tilt-0", "tilt-1", "tilt-2"], mr: ["mr-0", "mr-1", "mr-2"] },
  ...Object.fromEntries(["enhanced", "dx", "cr", "mg", "us", "op", "xc", "es"].map((name) => [name, [name]])),
};
const kinds = ["binary", "fractional", "labelmap"] as const;
const parse = (name: string) => parseDicom(new Uint8Array(readFileSync(join(folder, `${name}.dcm`))), name);
const volumeOf = (names: readonly string[]) =>
  groupInstances(names.map((name) => instanceHeader(parse(name), name)))[0]!;

const segments: readonly WrittenSegment[] = [
  { value: 5, name: "left lung", color: [230, 159, 0], ...structureOf("left lung") },
  { value: 2, name: "tumour", color: [86, 180, 233], ...structureOf("tumour") },
  { value: 9, name: "spleen", color: [0, 158, 115], ...structureOf("spleen") },
];

/** The first segment on every slice, the second on some, the third nowhere; slice 1 of several is empty. */
function labelsFor({ shape: [depth, height, width] }: SeriesVolume): Uint8Array {
  return Uint8Array.from({ length: depth * height * width }, (_, i) => {
    const [x, y, z] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
    if (z === 1) return 0;
    if (y < 3 && x > z && x < 7) return 5;
    return y > 3 && x % 3 === 1 && z % 3 === 0 ? 2 : 0;
  });
}

function pixelsFor(kind: (typeof kinds)[number], volume: SeriesVolume): SegmentationPixels {
  const labels = labelsFor(volume);
  if (kind !== "fractional") return { kind, labels };
  const share = (value: number) => labels.map((label, i) => (label === value ? 128 + (i % 128) : i % 3));
  return {
    kind,
    fractions: new Map(segments.map(({ value }) => [value, value === 9 ? labels.map(() => 0) : share(value)])),
  };
}

function encode(names: readonly string[], pixels: SegmentationPixels, more: Partial<SegmentationOptions> = {}) {
  const algorithm = { name: "vit-s16", version: "0.1.0" };
  return encodeSegmentation({ volume: volumeOf(names), headerOf: parse, pixels, segments, algorithm, ...more });
}

interface Written {
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  readonly volume: SeriesVolume;
  readonly pixels: SegmentationPixels;
  readonly bytes: Uint8Array;
  readonly file: string;
}

const written = Object.entries(sources).flatMap(([name, files]) =>
  kinds.map((kind): Written => {
    const volume = volumeOf(files);
    const pixels = pixelsFor(kind, volume);
    const bytes = encode(files, pixels);
    const file = join(temporary, `${name}-${kind}.dcm`);
    writeFileSync(file, bytes);
    return { name, kind, volume, pixels, bytes, file };
  }),
);

/** The value of every voxel in every segment, in the order of the segments' numbers. */
function expectedValues({ pixels }: Written): number[] {
  return segments.flatMap(({ value }) =>
    pixels.kind === "fractional"
      ? [...pixels.fractions.get(value)!]
      : Array.from(pixels.labels, (label) => Number(label === value)),
  );
}

test("what is written is read again, value by value, on the source's grid", async () => {
  for (const one of written) {
    const segmentation = await readSegmentation(parseDicom(one.bytes, one.file));
    assert.equal(segmentation.kind, one.kind);
    assert.deepEqual(
      segmentation.segments.map(({ number, label, type, modifiers }) => ({ number, label, type, modifiers })),
      segments.map(({ name, type, modifiers }, i) => ({ number: i + 1, label: name, type, modifiers })),
    );
    const { labels, warnings } = labelsOnVolume(segmentation, one.volume);
    const numbers = labelsFor(one.volume).map((label) => 1 + segments.findIndex(({ value }) => value === label));
    assert.deepEqual([...labels.data], [...numbers], `${one.name} ${one.kind}`);
    assert.deepEqual(warnings, []);
    if (one.pixels.kind !== "fractional") continue;
    for (const [i, { segment, sources: drawnOn }] of segmentation.frames.entries()) {
      const size = segmentation.rows * segmentation.columns;
      const z = one.volume.slices.findIndex(
        ({ instanceUid, frame }) => instanceUid === drawnOn[0]!.instanceUid && frame === drawnOn[0]!.frame,
      );
      const fractions: Uint8Array = one.pixels.fractions.get(segments[segment! - 1]!.value)!;
      assert.deepEqual([...segmentation.valuesOf(i)], [...fractions.subarray(z * size, (z + 1) * size)]);
    }
  }
});

test("a segment is on its slices only; one that is nowhere has one empty frame", async () => {
  const { bytes } = written.find(({ name, kind }) => name === "ct" && kind === "binary")!;
  const { frames } = await readSegmentation(parseDicom(bytes, "ct"));
  assert.deepEqual(
    frames.map(({ segment }) => segment),
    [1, 1, 1, 2, 2, 3],
  );
});

test("patient, study and their text are the source's, in its character set or in UTF-8", () => {
  const tags = ["00100010", "00100020", "00100030", "0020000D", "00080020", "00080050", "00081030", "00080201"];
  for (const { name, bytes } of written) {
    const [source, result] = [parse(sources[name]![0]!), parseDicom(bytes, name)];
    for (const tag of tags) assert.deepEqual(result.strings(tag), source.strings(tag), `${name} ${tag}`);
    assert.deepEqual(result.strings("00080005"), source.strings("00080005"));
  }
  const [film] = written.filter(({ name }) => name === "dx");
  const more = { contentCreator: "Ząb^Łucja", seriesDescription: "Lungenflügel" };
  const result = parseDicom(encode(["dx"], film!.pixels, more), "dx");
  assert.equal(result.string("00080005"), "ISO_IR 192");
  assert.equal(result.string("00100010"), "Müller^Jürgen");
  assert.equal(result.string("00700084"), "Ząb^Łucja");
  assert.equal(result.string("0008103E"), "Lungenflügel");
});

/** The header of a CT slice, which is in implicit VR and Latin-1, with a description of its series. */
function described(name: string, description: string): DicomDataset {
  const file = readFileSync(join(folder, `${name}.dcm`));
  const text = Buffer.from(description.padEnd(description.length + (description.length % 2)), "latin1");
  const at = file.indexOf(Buffer.from([0x10, 0, 0x10, 0]));
  const element = Buffer.from([0x08, 0, 0x3e, 0x10, text.length, 0, 0, 0, ...text]);
  return parseDicom(new Uint8Array(Buffer.concat([file.subarray(0, at), element, file.subarray(at)])), name);
}

const longName = "swin-unetr-b48-btcv-pretrained-on-5050-ct-volumes";
/** Of the source, the model's name, and what the segmentation of each kind is called. */
const descriptions = [
  ["Thorax  5.0  B31f", "vit-s16", "vit-s16 segmentation of Thorax  5.0  B31f"],
  ["Schädel nativ", "vit-s16", "vit-s16 segmentation of Schädel nativ"],
  ["Thorax 5.0 B31f", longName, "swin-unetr-b48-btcv-pretrained.. segmentation of Thorax 5.0 B31f"],
  ["x".repeat(64), longName, `swin-unetr-b48-btcv-p.. segmentation of ${"x".repeat(22)}..`],
  ["x".repeat(64), "a", `a segmentation of ${"x".repeat(44)}..`],
  ["", "vit-s16", "vit-s16 segmentation of CT series 3"],
] as const;

test("the series is called by its model and its source, within 64 characters", () => {
  const { pixels } = written.find(({ name, kind }) => name === "ct" && kind === "binary")!;
  for (const [description, name, expected] of descriptions) {
    const headerOf = (file: string) => described(file, description);
    const bytes = encode(sources["ct"]!, pixels, { headerOf, algorithm: { name, version: "1" } });
    const result = parseDicom(bytes, "described");
    assert.equal(result.string("0008103E"), expected);
    assert.ok([...expected].length <= 64);
    assert.equal(result.string("00100010"), parse("ct-0").string("00100010"));
  }
  const { bytes } = written.find(({ name, kind }) => name === "dx" && kind === "fractional")!;
  assert.equal(parseDicom(bytes, "dx").string("0008103E"), "vit-s16 probabilities on DX series 3");
});

test("places and frame of reference where the source has a place; elsewhere only what viewers ask for", () => {
  const isPlaced = new Set(["ct", "tilt", "mr", "enhanced"]);
  const sizes = new Set<string | undefined>();
  for (const { name, bytes } of written) {
    const result = parseDicom(bytes, name);
    const [shared] = result.items("52009229");
    assert.equal(result.has("00200052"), isPlaced.has(name), name);
    const [measures] = shared?.items("00289110") ?? [];
    // OHIF opens no segmentation without measures, highdicom none without both of them.
    const found = [shared?.has("00209116"), measures?.has("00280030"), measures?.has("00180050")];
    assert.deepEqual(found, [true, true, true], name);
    if (!isPlaced.has(name)) {
      const source = parse(sources[name]![0]!);
      const [tag] = ["00280030", "00182010", "00181164"].filter((one) => source.has(one));
      assert.deepEqual(measures?.numbers("00280030"), tag === undefined ? [1, 1] : source.numbers(tag), name);
      sizes.add(tag);
    }
    assert.ok(result.items("52009230").every((frame) => frame.has("00209113") === isPlaced.has(name)));
  }
  assert.ok(sizes.has(undefined) && sizes.size > 1, "pictures that say their size, and some that do not");
});

test("loss is told, from the flag and from the way the pixels are compressed; burned-in text is not inherited", () => {
  const resultOf = (name: string) => parseDicom(written.find((one) => one.name === name)!.bytes, name);
  const lossy = resultOf("mg");
  assert.deepEqual(
    [lossy.string("00282110"), lossy.number("00282112"), lossy.string("00282114")],
    ["01", 12.5, "ISO_15444_1"],
  );
  assert.equal(resultOf("cr").string("00282110"), "00");
  assert.equal(resultOf("us").string("00280301"), "NO");
  const jpeg = parse("jpeg");
  assert.equal(jpeg.has("00282110"), false);
  const result = parseDicom(encode(["jpeg"], { kind: "binary", labels: new Uint8Array(63) }), "jpeg");
  assert.deepEqual([result.string("00282110"), result.string("00282114")], ["01", "ISO_10918_1"]);
});

test("given UIDs and a date, the same input makes the same bytes; else the UIDs are new ones", () => {
  const [{ pixels }] = written as [Written];
  const uids = { series: "1.2.3", instance: "1.2.4", dimensions: "1.2.5" };
  const twice = [0, 1].map(() => encode(sources["ct"]!, pixels, { uids, date: new Date(0) }));
  assert.deepEqual(twice[0], twice[1]);
  const [one, other] = [0, 1].map(() => parseDicom(encode(sources["ct"]!, pixels), "ct").string("00080018")!);
  assert.notEqual(one, other);
  assert.match(one!, /^2\.25\.[1-9]\d{0,38}$/);
});

test("images of two patients, whatever their UIDs say, are refused without naming them", () => {
  const names = sources["ct"]!;
  const volume = volumeOf(names);
  const patient = parse("ct-0").string("00100020")!;
  const headerOf = (name: string) => {
    const bytes = readFileSync(join(folder, `${name}.dcm`));
    const at = bytes.indexOf(patient, bytes.indexOf(Buffer.from([0x10, 0, 0x20, 0])));
    if (name === "ct-2") bytes[at]! ^= 1;
    return parseDicom(new Uint8Array(bytes), name);
  };
  assert.throws(() => encode(names, pixelsFor("binary", volume), { headerOf }), {
    code: "ERR_SEGMENTATION_SOURCE",
    message: "ct-2: expected an image of the first one's patient, got one of another",
  });
});

test("the date is told in the study's time zone", () => {
  const { pixels } = written.find(({ name }) => name === "mr")!;
  const result = parseDicom(encode(sources["mr"]!, pixels, { date: new Date("2026-01-31T20:05:06Z") }), "mr");
  assert.deepEqual([result.string("00080023"), result.string("00080033")], ["20260201", "050506"]);
});

test("what a header says against the rules is left out, or empty where it must be there", () => {
  const volume = volumeOf(["bad"]);
  const result = parseDicom(encode(["bad"], { kind: "binary", labels: labelsFor(volume) }), "bad");
  assert.deepEqual([result.has("00101010"), result.has("00101030")], [false, false]);
  assert.deepEqual([result.strings("00100040"), result.strings("00080030")], [[], []]);
  assert.equal(result.string("00100010"), "Müller^Jürgen");
  assert.equal(result.string("00080005"), "ISO_IR 192");
});

test("a source without UIDs, labels that no segment has and pixels of another size are refused", () => {
  const labels = new Uint8Array(63);
  assert.throws(() => encode(["unnamed"], { kind: "binary", labels }), {
    code: "ERR_SEGMENTATION_SOURCE",
    message: /^unnamed: .*without SOPInstanceUID, StudyInstanceUID$/,
  });
  assert.throws(() => encode(["dx"], { kind: "binary", labels: labels.fill(7) }), {
    code: "ERR_SEGMENTATION",
    message: "labels of slice 1: expected 0 or one of 5, 2, 9, got 7",
  });
  assert.throws(() => encode(["dx"], { kind: "binary", labels: new Uint8Array(62) }), {
    code: "ERR_SEGMENTATION",
    message: "labels: expected 1 x 7 x 9 = 63 values, got 62",
  });
  assert.throws(() => encode(["dx"], { kind: "fractional", fractions: new Map([[5, labels]]) }), {
    code: "ERR_SEGMENTATION",
    message: /^fractions of segment 2: .*got none$/,
  });
  const twice = [segments[0]!, segments[0]!];
  assert.throws(() => encode(["dx"], { kind: "binary", labels }, { segments: twice }), {
    code: "ERR_SEGMENTATION",
    message: /got 5, 5$/,
  });
});

test("others' segmentations: of a film by highdicom, of slices by dcmqi", async () => {
  const truths: Record<string, number[]> = JSON.parse(readFileSync(join(folder, "others.json"), "utf8"));
  const codes = { film: ["39607008", "80891009"], dcmqi: ["10200004", "78961009"] };
  for (const [name, source] of [
    ["film", "dx"],
    ["dcmqi", "ct"],
  ] as const) {
    const segmentation = await readSegmentation(parse(name));
    assert.deepEqual(
      segmentation.segments.map(({ type }) => type?.value),
      codes[name],
    );
    const { labels, warnings } = labelsOnVolume(segmentation, volumeOf(sources[source]!));
    assert.deepEqual([[...labels.data], warnings], [truths[name], []]);
  }
});

const validator = "dciodvfy";
const hasValidator = spawnSync(validator, ["-version"]).error === undefined;
test("dciodvfy has nothing to say", { skip: !hasValidator && `${validator} (dicom3tools) is not installed` }, () => {
  for (const { name, kind, file } of written) {
    // The labelmap's class is younger than the validator.
    if (kind === "labelmap") continue;
    const { stdout, stderr } = spawnSync(validator, ["-new", file], { encoding: "latin1" });
    assert.deepEqual((stdout + stderr).trim().split("\n"), ["Segmentation"], `${name} ${kind}`);
  }
  const { pixels } = written.find(({ name, kind }) => name === "ct" && kind === "binary")!;
  for (const [i, [description, name]] of descriptions.entries()) {
    const headerOf = (file: string) => described(file, description);
    const file = join(temporary, `described-${i}.dcm`);
    writeFileSync(file, encode(sources["ct"]!, pixels, { headerOf, algorithm: { name, version: "1" } }));
    const { stdout, stderr } = spawnSync(validator, ["-new", file], { encoding: "latin1" });
    assert.deepEqual((stdout + stderr).trim().split("\n"), ["Segmentation"], description);
  }
});

interface ByOthers {
  readonly segments: readonly (readonly [
    label: string,
    category: string,
    type: string,
    modifiers: readonly string[],
  ])[];
  readonly patient: readonly string[];
  readonly sources: readonly string[];
  readonly pixels: readonly number[];
  readonly volume:
    | { readonly shape: readonly number[]; readonly affine: number[][]; readonly sum: number }
    | string
    | null;
  readonly dcmqi: readonly (readonly [shape: readonly number[], voxelMm3: number, numVoxels: number])[] | null;
}

const python = process.env["MEDSSL_PYTHON"] ?? "python3";
const hasPython =
  spawnSync(python, [
    "-c",
    "import highdicom, nibabel, os, sysconfig; os.stat(sysconfig.get_path('scripts') + '/segimage2itkimage')",
  ]).status === 0;
test("highdicom and dcmqi read codes, patient, sources, places and pixels", {
  skip: !hasPython && "Python (MEDSSL_PYTHON, else python3) has no highdicom 0.28.2, dcmqi and nibabel",
}, () => {
  const jobs = written.map(({ name, file }) => {
    mkdirSync(`${file}-dcmqi`);
    return { segmentation: file, sources: filesInOrder(name), folder: `${file}-dcmqi` };
  });
  const script = join(folder, "read-segmentations.py");
  const { stdout, stderr } = spawnSync(python, [script], { input: JSON.stringify(jobs), encoding: "utf8" });
  const found: ByOthers[] = JSON.parse(stdout || assert.fail(stderr));
  const code = ({ scheme, value }: { scheme: string; value: string }) => `${scheme}:${value}`;
  for (const [i, one] of written.entries()) {
    const { segments: described, patient, sources: uids, pixels, volume, dcmqi } = found[i]!;
    const title = `${one.name} ${one.kind}`;
    const source = parse(sources[one.name]![0]!);
    assert.deepEqual(
      described,
      segments.map((segment) => [
        segment.name,
        code(segment.category),
        code(segment.type),
        segment.modifiers.map(code),
      ]),
    );
    assert.deepEqual(patient, [source.string("00100010"), source.string("00100020"), source.string("0020000D")], title);
    assert.deepEqual([...uids].sort(), one.volume.instances.map(({ instanceUid }) => instanceUid).sort(), title);
    const values = expectedValues(one);
    if (one.name !== "enhanced") assert.deepEqual(pixels, values, title);
    else assert.deepEqual(pixels, inFileOrder(values, one.volume), title);
    if (one.name === "tilt") assert.match(String(volume), /regularly-spaced/);
    else if (one.volume.kind !== "volume") assert.equal(volume, null);
    else checkVolume(one, volume as Exclude<typeof volume, string>, values);
    const isForDcmqi = one.kind !== "labelmap" && one.volume.kind === "volume" && one.name !== "tilt";
    assert.equal(dcmqi !== null, isForDcmqi, title);
    for (const [j, [shape, voxelMm3, numVoxels]] of (dcmqi ?? []).entries()) {
      const perSegment = values.length / segments.length;
      const own = values.slice(j * perSegment, (j + 1) * perSegment);
      const expected = one.volume.spacingMm!.reduce((product, size) => product * size, 1);
      assert.deepEqual(shape.slice(0, 2), [9, 7]);
      assert.ok(Math.abs(voxelMm3 - expected) < 0.002, title);
      assert.equal(numVoxels, own.filter((value) => value > 0).length, title);
    }
  }
});

/** As the volume has them. */
function filesInOrder(name: string): string[] {
  return volumeOf(sources[name]!).instances.map(({ file }) => join(folder, `${file}.dcm`));
}

/** Slices are along the normal; the frames of the file are not. */
function inFileOrder(values: readonly number[], { slices, shape }: SeriesVolume): number[] {
  const size = shape[1] * shape[2];
  const order = slices.map((_, frame) => slices.findIndex((slice) => slice.frame === frame));
  return segments.flatMap((_, i) =>
    order.flatMap((z) => values.slice((i * slices.length + z) * size, (i * slices.length + z + 1) * size)),
  );
}

/** highdicom's volume covers the slices that have frames; its corner and its axes are ours, in LPS, whichever end is first. */
function checkVolume({ volume, name, kind }: Written, found: ByOthers["volume"], values: readonly number[]): void {
  assert.ok(found !== null && typeof found === "object");
  assert.equal(
    found.sum,
    values.reduce((sum, value) => sum + value, 0),
    `${name} ${kind}`,
  );
  const [down, along] = [1, 2].map((axis) => Math.hypot(...found.affine.slice(0, 3).map((row) => row[axis]!)));
  const [, y, x] = volume.spacingMm!;
  assert.ok(Math.abs(down! - y) < 1e-6 && Math.abs(along! - x) < 1e-6);
  const corners = volume.slices.map(({ positionMm }) => [-positionMm![0], -positionMm![1], positionMm![2]]);
  const corner = found.affine.slice(0, 3).map((row) => row[3]!);
  assert.ok(corners.some((place) => place.every((mm, axis) => Math.abs(mm - corner[axis]!) < 1e-4)));
}
