import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { applyAffine } from "../geometry/affine.ts";
import type { Scan, Vec3 } from "../scan.ts";
import { parseDicom } from "./dataset.ts";
import { type FrameHeader, type InstanceHeader, instanceHeader } from "./instance-header.ts";
import { groupInstances, type SeriesVolume } from "./volume.ts";
import { assembleVolume } from "./volume-assembly.ts";

// highdicom's reading of the fixtures; its affines are LPS+ and take (slice, row, column).
interface Truth {
  readonly affineLps: readonly number[];
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
const folder = join(import.meta.dirname, "fixtures-volumes");
const truths: { oblique: Truth; enhanced: [Truth, Truth] } = JSON.parse(
  readFileSync(join(folder, "volumes.json"), "utf8"),
);

function parse(file: string) {
  return parseDicom(new Uint8Array(readFileSync(join(folder, file))), file);
}

/** The stored values of a fixture, as they are. */
function stored(file: string): Scan<Int16Array> {
  const dataset = parse(file);
  const bytes = dataset.bytes("7FE00010")!.slice();
  const shape: Vec3 = [dataset.number("00280008") ?? 1, dataset.number("00280010")!, dataset.number("00280011")!];
  return { shape, channels: 1, data: new Int16Array(bytes.buffer), meaning: "relative" };
}

/** The same voxels at the same places, whichever end of the stack comes first. */
async function assertIsVolume(volume: SeriesVolume, { affineLps, shape, data }: Truth): Promise<void> {
  const scan = await assembleVolume(volume, stored);
  assert.deepEqual(
    [scan.shape, volume.kind, volume.warnings, scan.data.constructor],
    [shape, "volume", [], Int16Array],
  );
  const [depth, height, width] = scan.shape;
  for (let z = 0; z < depth; z++) {
    const own = scan.data.subarray(z * height * width, (z + 1) * height * width);
    const k = depth - 1 - z;
    assert.deepEqual([...own], data.slice(k * height * width, (k + 1) * height * width), `slice ${z}`);
    for (const [x, y] of [
      [0, 0],
      [width, 0],
      [0, height],
    ] as const) {
      const [l, p, s] = applyAffine(affineLps, [k, y, x]);
      applyAffine(scan.affine!, [x, y, z]).forEach((mm, i) => {
        assert.ok(Math.abs(mm - [-l, -p, s][i]!) < 1e-6, `voxel ${x}, ${y}, ${z}: ${mm}`);
      });
    }
  }
}

test("an oblique series is highdicom's volume, whatever the order of its files", async () => {
  const files = [0, 1, 2, 3].map((i) => `oblique-${i}.dcm`);
  const headers = files.map((file) => instanceHeader(parse(file), file));
  for (const some of [headers, headers.toReversed()]) {
    const [volume, ...others] = groupInstances(some);
    assert.equal(others.length, 0);
    assert.deepEqual(
      volume!.slices.map(({ file }) => file),
      ["oblique-1.dcm", "oblique-3.dcm", "oblique-0.dcm", "oblique-2.dcm"],
    );
    await assertIsVolume(volume!, truths.oblique);
    volume!.spacingMm!.forEach((mm, i) => {
      assert.ok(Math.abs(mm - [2.5, 0.9, 1.2][i]!) < 1e-6);
    });
  }
});

test("the frames of an enhanced object become highdicom's volume of each phase, and say why", async () => {
  const volumes = groupInstances([instanceHeader(parse("enhanced.dcm"), "enhanced.dcm")]);
  assert.deepEqual(
    volumes.map(({ slices }) => slices.map(({ frame }) => frame)),
    [
      [4, 2, 0],
      [5, 3, 1],
    ],
  );
  for (const [phase, volume] of volumes.entries()) {
    assert.match(volume.warnings[0] ?? "", new RegExp(`temporal position: ${phase + 1}$`));
    await assertIsVolume({ ...volume, warnings: [] }, truths.enhanced[phase]!);
  }
});

test("a header can be sent to another thread, and names nobody", () => {
  const header = instanceHeader(parse("planted-explicit.dcm"), "a.dcm");
  assert.deepEqual(structuredClone(header), header);
  const { patientId, frames, ...others } = header;
  assert.ok(patientId && frames.length === 1);
  assert.doesNotMatch(JSON.stringify(others), /Zxqv|Waldemar|19870605/);
});

const axial: readonly [Vec3, Vec3] = [
  [1, 0, 0],
  [0, 1, 0],
];

/** Headers of a made-up series, as many as there are places. */
function series(
  places: readonly (Vec3 | undefined)[],
  change: (i: number) => Partial<InstanceHeader & FrameHeader> = () => ({}),
) {
  return places.map((positionMm, i): InstanceHeader => {
    const { directions, spacingMm, thicknessMm, marks, ...header } = change(i);
    const isPlaced = positionMm !== undefined;
    const frame: FrameHeader = {
      positionMm,
      directions: directions ?? (isPlaced ? axial : undefined),
      spacingMm: spacingMm ?? [0.5, 0.5],
      thicknessMm: thicknessMm ?? 3,
      marks: marks ?? {},
    };
    return {
      file: `${i}.dcm`,
      ...{
        patientId: "p",
        studyUid: "1",
        seriesUid: "2",
        instanceUid: `3.${i}`,
        sopClass: undefined,
      },
      ...{
        frameOfReferenceUid: "4",
        modality: "CT",
        imageType: [],
        hasPixels: true,
        rows: 8,
        columns: 8,
        numFrames: 1,
      },
      ...{
        samplesPerPixel: 1,
        instanceNumber: i + 1,
        viewPosition: undefined,
        isBurnedIn: false,
      },
      frames: [frame],
      references: [],
      isAutomatic: false,
      ...header,
    };
  });
}

/** n places along z, from 0. */
const along = (n: number, step = 2): Vec3[] => Array.from({ length: n }, (_, i) => [0, 0, i * step]);
const filesOf = ({ slices }: SeriesVolume) => slices.map(({ file }) => Number.parseInt(file, 10));

test("a missing slice is reported with its place, and the steps stay the usual ones", () => {
  const [volume] = groupInstances(series(along(10).toSpliced(6, 2)));
  assert.equal(volume!.numMissing, 2);
  assert.deepEqual(volume!.warnings, ["2 slices are missing: 6.00 mm between slices 6 and 7 in place of 2.00 mm"]);
  assert.deepEqual(volume!.spacingMm, [2, 0.5, 0.5]);
});

test("slices off the grid by more than a tenth of a step are reported, rounded positions are not", () => {
  const warningsOf = (steps: number[]) => groupInstances(series(steps.map((z) => [0, 0, z])))[0]!.warnings;
  assert.deepEqual(warningsOf([0, 2, 4.4, 6, 8]), ["slices are not evenly spaced: 1.60 mm to 2.40 mm apart"]);
  assert.deepEqual(warningsOf([0, 0.6, 1.3, 1.9, 2.5]), []);
});

test("a tilted gantry is reported, and the affine keeps the shear", () => {
  const tilt = Math.tan((12 * Math.PI) / 180);
  const [volume] = groupInstances(series(along(5).map(([, , z]) => [-10, z * tilt, z])));
  assert.ok(Math.abs(volume!.tiltDegrees - 12) < 1e-9);
  assert.match(volume!.warnings[0] ?? "", /tilted by 12\.0 degrees/);
  const [r, a, s] = applyAffine(volume!.affine!, [0, 0, 4]);
  assert.ok(Math.hypot(r - 10, a + 8 * tilt, s - 8) < 1e-9);
});

test("slices beside one another are reported", () => {
  const places = along(6).map(([, , z], i): Vec3 => [i === 3 ? 5 : 0, 0, z]);
  assert.match(
    groupInstances(series(places))[0]!.warnings.join(),
    /do not lie behind one another: up to 5\.00 mm aside/,
  );
});

test("the same instance twice is left out once, and told", () => {
  const headers = series([...along(4), [0, 0, 2]], (i) => (i === 4 ? { instanceUid: "3.1" } : {}));
  const [volume] = groupInstances(headers);
  assert.deepEqual(filesOf(volume!), [0, 1, 2, 3]);
  assert.deepEqual(volume!.leftOut, [{ file: "4.dcm", reason: "the same instance as 1.dcm" }]);
});

test("of two images of one place that nothing tells apart the first stays", () => {
  const [volume, ...others] = groupInstances(series([...along(4), [0, 0, 2]]));
  assert.equal(others.length, 0);
  assert.deepEqual(filesOf(volume!), [0, 1, 2, 3]);
  assert.deepEqual(volume!.leftOut, [{ file: "4.dcm", reason: "an image of the same place as 1.dcm" }]);
});

test("phases, echoes and both are told apart by what the headers say of them", () => {
  const repeated = [...along(3), ...along(3), ...along(3), ...along(3)];
  const marks = (i: number) => ({
    "echo time": i < 6 ? "4" : "8",
    "trigger time": `${Math.floor(i / 3) % 2}`,
    "acquisition time": `${i}`,
  });
  const volumes = groupInstances(series(repeated, (i) => ({ marks: marks(i) })));
  assert.deepEqual(volumes.map(filesOf), [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
    [9, 10, 11],
  ]);
  assert.deepEqual(volumes.at(-1)!.warnings, [
    "images of one place told apart by echo time: 8; images of one place told apart by trigger time: 1",
  ]);
});

test("a mark that is another for every slice tells nothing apart; then the numbers do", () => {
  const headers = series([...along(4), ...along(4)], (i) => ({ marks: { "acquisition time": `${i}` } }));
  const volumes = groupInstances(headers);
  assert.deepEqual(volumes.map(filesOf), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  assert.match(volumes[1]!.warnings[0] ?? "", /nothing but InstanceNumber: number 2 of each/);
});

test("a mark that differs along one volume does not divide it", () => {
  const volumes = groupInstances(series(along(6), (i) => ({ marks: { "acquisition number": `${i % 2}` } })));
  assert.deepEqual(volumes.map(filesOf), [[0, 1, 2, 3, 4, 5]]);
});

test("two stacks side by side are two volumes", () => {
  const right = along(3).map(([, y, z]): Vec3 => [90, y, z]);
  assert.deepEqual(groupInstances(series([...along(3), ...right])).map(filesOf), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test("another orientation, size, spacing or frame of reference is another volume; the largest comes first", () => {
  const coronal = [axial[0], [0, 0, -1]] as const;
  const changes: Partial<InstanceHeader & FrameHeader>[] = [
    {},
    { directions: coronal },
    { rows: 16 },
    { spacingMm: [0.7, 0.7] },
    { frameOfReferenceUid: "5" },
    { samplesPerPixel: 3 },
  ];
  const volumes = groupInstances(series([...along(6), [0, 0, 20]], (i) => changes[i % 6]!));
  assert.deepEqual(
    volumes.map(filesOf).map((files) => files.length),
    [2, 1, 1, 1, 1, 1],
  );
  assert.deepEqual(filesOf(volumes[0]!), [0, 6]);
});

test("series are apart from one another", () => {
  assert.equal(groupInstances(series(along(4), (i) => ({ seriesUid: `${i % 2}` }))).length, 2);
});

test("films, captures and localizers are pictures of their own, wherever they say that they lie", () => {
  const kinds = (change: Partial<InstanceHeader>) =>
    groupInstances(series(along(2), () => change)).map(({ kind }) => kind);
  for (const modality of ["CR", "DX", "MG", "US", "XA"]) assert.deepEqual(kinds({ modality }), ["picture", "picture"]);
  assert.deepEqual(kinds({ imageType: ["ORIGINAL", "PRIMARY", "LOCALIZER"] }), ["localizer", "localizer"]);
  const capture = series([undefined, undefined], () => ({ sopClass: "1.2.840.10008.5.1.4.1.1.7" }));
  assert.deepEqual(
    groupInstances(capture).map(({ kind }) => kind),
    ["picture", "picture"],
  );
});

test("a film of several frames is one thing without a place", () => {
  const [film] = groupInstances(series([undefined], () => ({ modality: "US", numFrames: 30 })));
  assert.deepEqual([film!.kind, film!.shape, film!.affine], ["frames", [30, 8, 8], undefined]);
  assert.equal(film!.slices[29]!.frame, 29);
});

test("CT without positions is stacked by number, without an affine, and says so", () => {
  const [volume] = groupInstances(series([undefined, undefined, undefined], (i) => ({ instanceNumber: 3 - i })));
  assert.deepEqual([volume!.kind, volume!.affine, volume!.spacingMm], ["volume", undefined, [3, 0.5, 0.5]]);
  assert.deepEqual(filesOf(volume!), [2, 1, 0]);
  assert.match(volume!.warnings[0] ?? "", /no positions/);
});

test("one slice has the affine that its thickness allows", () => {
  const [volume] = groupInstances(series([[-10, -20, 30]]));
  const affine = volume!.affine!.map((value) => value + 0); // -0 is 0
  assert.deepEqual(affine, [-0.5, 0, 0, 10, 0, -0.5, 0, 20, 0, 0, 3, 30, 0, 0, 0, 1]);
});

test("what has no pixels, and segmentations, are no images", () => {
  assert.deepEqual(groupInstances(series(along(2), (i) => (i === 0 ? { hasPixels: false } : { modality: "SEG" }))), []);
});

const scanOf = (data: Scan["data"], changes: Partial<Scan> = {}): Scan => ({
  ...{ shape: [1, 8, 8], channels: 1, data, meaning: "relative" },
  ...changes,
});

test("slices of different types meet in one that holds them all", async () => {
  const [volume] = groupInstances(series(along(3)));
  const types = [new Int16Array(64).fill(-7), new Uint16Array(64).fill(65535), new Float32Array(64).fill(0.5)];
  const scan = await assembleVolume(volume!, (file) => scanOf(types[Number.parseInt(file, 10)]!));
  assert.equal(scan.data.constructor, Float32Array);
  assert.deepEqual([scan.data[0], scan.data[64], scan.data[128]], [-7, 65535, 0.5]);
  const wide = [new Uint8Array(64), new Uint32Array(64).fill(2 ** 31 + 1), new Uint8Array(64)];
  const exact = await assembleVolume(volume!, (file) => scanOf(wide[Number.parseInt(file, 10)]!));
  assert.deepEqual([exact.data.constructor, exact.data[64]], [Float64Array, 2 ** 31 + 1]);
});

test("a decoded slice that is not what its header promised is refused by name", async () => {
  const [volume] = groupInstances(series(along(2)));
  const second = (changes: Partial<Scan>) =>
    assembleVolume(volume!, (file) => scanOf(new Uint8Array(64), file === "1.dcm" ? changes : {}));
  const refusal = { code: "ERR_DICOM_VOLUME", message: /^1\.dcm, frame 1: expected 8 x 8/ };
  await assert.rejects(second({ shape: [1, 4, 16] }), refusal);
  await assert.rejects(second({ meaning: "hounsfield" }), refusal);
  await assert.rejects(second({ channels: 3 }), refusal);
  await assert.rejects(second({ shape: [0, 8, 8] }), refusal);
});

test("warnings of slices are told once, and not by the thousand", async () => {
  const [volume] = groupInstances(series(along(9)));
  const said = async (warning: (file: string) => string) =>
    (await assembleVolume(volume!, (file) => scanOf(new Uint8Array(64), { warnings: [warning(file)] }))).warnings;
  assert.deepEqual(await said(() => "odd"), ["odd"]);
  assert.deepEqual(await said((file) => file), ["0.dcm", "1.dcm", "2.dcm", "3.dcm", "4.dcm", "4 more of this kind"]);
});

test("a volume of more voxels than any file may have is refused before it is made", async () => {
  const [volume] = groupInstances(series(along(2)));
  const huge: SeriesVolume = { ...volume!, shape: [2 ** 20, 2 ** 10, 2 ** 10] };
  const slice = scanOf(new Uint8Array(2 ** 20), { shape: [1, 2 ** 10, 2 ** 10] });
  await assert.rejects(
    assembleVolume(huge, () => slice),
    { code: "ERR_IMAGE_TOO_LARGE" },
  );
});
