/** What we write, read by others' programs: dciodvfy, highdicom, dcmqi. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  described,
  descriptions,
  encode,
  expectedValues,
  folder,
  parse,
  segments,
  sources,
  temporary,
  volumeOf,
  type Written,
  written,
} from "./testing/written-segmentations.ts";
import type { SeriesVolume } from "./volume.ts";

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
