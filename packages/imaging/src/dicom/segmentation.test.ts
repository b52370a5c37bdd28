import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addScaled, cross } from "../geometry/vectors.ts";
import type { Vec3 } from "../scan.ts";
import { parseDicom } from "./dataset.ts";
import { instanceHeader } from "./instance-header.ts";
import { type DicomSegmentation, readSegmentation, type SegmentationFrame } from "./segmentation.ts";
import { labelsOnVolume } from "./segmentation-labels.ts";
import { groupInstances, type SeriesVolume } from "./volume.ts";

// Made with highdicom; the truth is the arrays that it was given.
const folder = join(import.meta.dirname, "fixtures-volumes");
const bytesOf = (file: string) => new Uint8Array(readFileSync(join(folder, file)));
const parse = (file: string) => parseDicom(bytesOf(file), file);
const read = (file: string) => readSegmentation(parse(file));
const truths: Record<string, number[]> = JSON.parse(readFileSync(join(folder, "segmentations.json"), "utf8"));
const source = groupInstances([0, 1, 2, 3].map((i) => instanceHeader(parse(`oblique-${i}.dcm`), `${i}`)))[0]!;

/** By geometry alone. */
function withoutSources(
  segmentation: DicomSegmentation,
  place: (frame: SegmentationFrame) => SegmentationFrame["place"] = (frame) => frame.place,
) {
  return {
    ...segmentation,
    frames: segmentation.frames.map((frame) => ({ ...frame, place: place(frame), sources: [] })),
  };
}

for (const kind of ["binary", "fractional", "labelmap"] as const) {
  test(`${kind} labels lie where highdicom was told, by instance and by place`, async () => {
    const segmentation = await read(`${kind}.dcm`);
    assert.equal(segmentation.kind, kind);
    for (const way of [segmentation, withoutSources(segmentation)]) {
      const { labels } = labelsOnVolume(way, source);
      assert.deepEqual([labels.shape, labels.affine], [[4, 6, 5], source.affine]);
      assert.deepEqual([...labels.data], truths[kind]);
    }
  });
}

test("segments have a label and a SNOMED code", async () => {
  const { segments } = await read("binary.dcm");
  assert.deepEqual((await read("labelmap.dcm")).segments, segments);
  const code = (value: string, meaning: string) => ({ scheme: "SCT", value, meaning });
  assert.deepEqual(segments, [
    { number: 1, label: "liver", type: code("10200004", "Liver"), modifiers: [] },
    { number: 2, label: "spleen", type: code("78961009", "Spleen"), modifiers: [] },
  ]);
});

test("what narrows a segment's code down is read, within the code and beside it", async () => {
  const { segments } = await read("kidneys.dcm");
  const kidney = { scheme: "SCT", value: "64033007", meaning: "Kidney" };
  assert.deepEqual(
    segments.map(({ type, modifiers }) => [type, modifiers]),
    [
      [kidney, [{ scheme: "SCT", value: "7771000", meaning: "Left" }]],
      [kidney, [{ scheme: "SCT", value: "24028007", meaning: "Right" }]],
    ],
  );
});

test("a voxel of two segments is told", async () => {
  assert.deepEqual(labelsOnVolume(await read("binary.dcm"), source).warnings, [
    "1 voxels are in several segments: the last one stays",
  ]);
  assert.deepEqual(labelsOnVolume(await read("labelmap.dcm"), source).warnings, []);
});

test("a film without a place gets its labels by instance", async () => {
  const segmentation = await read("labelmap.dcm");
  const film: SeriesVolume = { ...source, affine: undefined, slices: source.slices.slice(1, 2), shape: [1, 6, 5] };
  const { labels, warnings } = labelsOnVolume(segmentation, film);
  assert.deepEqual([...labels.data], truths["labelmap"]!.slice(30, 60));
  assert.deepEqual(warnings, ["2 frames of the segmentation lie on no slice of the scan: left out"]);
});

test("a turned and mirrored frame falls on the same voxels; one cut out keeps what is inside", async () => {
  const segmentation = await read("labelmap.dcm");
  const move = ({ place }: SegmentationFrame, x: number, y: number): Vec3 => {
    const { positionMm, directions, spacingMm } = place;
    const [row, column] = directions!;
    return positionMm!.map(
      (mm, i) => mm + x * spacingMm![1] * row[i]! + y * spacingMm![0] * column[i]!,
    ) as unknown as Vec3;
  };
  const mirrored = withoutSources(segmentation, (frame) => {
    const [row, column] = frame.place.directions!;
    return {
      ...frame.place,
      positionMm: move(frame, 4, 0),
      directions: [row.map((mm) => -mm) as unknown as Vec3, column],
    };
  });
  const { labels } = labelsOnVolume(mirrored, source);
  const lines = (data: ArrayLike<number>) =>
    Array.from({ length: 24 }, (_, y) => Array.from(data).slice(y * 5, y * 5 + 5));
  assert.deepEqual(
    lines(labels.data),
    lines(truths["labelmap"]!).map((line) => line.toReversed()),
  );
  const shifted = labelsOnVolume(
    withoutSources(segmentation, (frame) => ({ ...frame.place, positionMm: move(frame, 0, 3) })),
    source,
  );
  assert.deepEqual([...shifted.labels.data.subarray(15, 30)], truths["labelmap"]!.slice(0, 15));
  assert.match(shifted.warnings[0] ?? "", /^15 voxels of the segmentation lie outside the scan/);
});

test("where slices are missing or unevenly spaced, a frame goes to the slice that lies where it does", async () => {
  const segmentation = await read("labelmap.dcm");
  const header = instanceHeader(parse("oblique-0.dcm"), "0");
  const { positionMm, directions } = header.frames[0]!;
  const at = (mm: number): Vec3 => addScaled(positionMm!, cross(...directions!), mm);
  const scanOf = (places: readonly number[]) =>
    groupInstances(
      places.map((mm, i) => ({
        ...{ ...header, file: `${mm}`, instanceUid: `${i}` },
        frames: [{ ...header.frames[0]!, positionMm: at(mm) }],
      })),
    )[0]!;
  // The frames of the file, which are those of slices 3, 1 and 0.
  const drawn = [3, 1, 0].map((slice) => truths["labelmap"]!.slice(slice * 30, slice * 30 + 30));
  const landed = (scanPlaces: readonly number[], framePlaces: readonly number[]) => {
    const places = [...framePlaces];
    const moved = withoutSources(segmentation, ({ place }) => ({ ...place, positionMm: at(places.shift()!) }));
    const { labels, warnings } = labelsOnVolume(moved, scanOf(scanPlaces));
    const slices = scanPlaces.map((_, z) => [...labels.data.subarray(z * 30, z * 30 + 30)].join(""));
    const found = drawn.map((values) => slices.indexOf(values.join("")));
    return [found, warnings.map((warning) => warning.split(" ")[0])];
  };
  assert.deepEqual(landed([0, 5, 10, 15, 25, 30, 35], [10, 25, 30]), [[2, 4, 5], []]);
  assert.deepEqual(landed([0, 5, 10, 15, 25, 30, 35], [10, 20, 35]), [[2, -1, 6], ["1"]]);
  assert.deepEqual(landed([0, 2, 4.9, 6, 8], [2, 4.9, 6.3]), [[1, 2, 3], []]);
});

test("a segmentation of other voxels is refused", async () => {
  const segmentation = withoutSources(await read("binary.dcm"), ({ place }) => ({ ...place, spacingMm: [1.3, 1.3] }));
  assert.throws(() => labelsOnVolume(segmentation, source), {
    code: "ERR_SEGMENTATION_GRID",
    message: /^binary\.dcm: .*none of 4/,
  });
});

test("what is no segmentation, and what contradicts itself, is refused", async () => {
  await assert.rejects(read("oblique-0.dcm"), { code: "ERR_SEGMENTATION", message: /modality MR/ });
  const text = Buffer.from(bytesOf("binary.dcm")).toString("latin1");
  const changed = (from: string, to: string) => {
    assert.ok(text.includes(from) && from.length === to.length);
    return readSegmentation(parseDicom(new Uint8Array(Buffer.from(text.replace(from, to), "latin1")), "a"));
  };
  const segmentTwo = "\x62\x00\x0b\x00US\x02\x00\x02\x00";
  await assert.rejects(changed(segmentTwo, segmentTwo.replace("\x02\x00\x02", "\x02\x00\x07")), {
    code: "ERR_SEGMENTATION",
    message: /got 7/,
  });
  await assert.rejects(changed("\x28\x00\x10\x00US\x02\x00\x06", "\x28\x00\x10\x00US\x02\x00\x60"), {
    code: "ERR_SEGMENTATION",
    message: /bytes of pixels/,
  });
});
