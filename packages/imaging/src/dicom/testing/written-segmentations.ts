/** Segmentations that we write of every kind of source, for tests that read them again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type DicomDataset, parseDicom } from "../dataset.ts";
import { instanceHeader } from "../instance-header.ts";
import type { WrittenSegment } from "../segmentation-codes.ts";
import type { SegmentationPixels } from "../segmentation-pixels.ts";
import { structureOf } from "../structures.ts";
import { groupInstances, type SeriesVolume } from "../volume.ts";
import { encodeSegmentation, type SegmentationOptions } from "../write-segmentation.ts";

// make-sources.py and make-others.py there have made the files; read-segmentations.py reads ours with highdicom and dcmqi.
export const folder = join(import.meta.dirname, "..", "fixtures-segmentations");
export const temporary = mkdtempSync(join(tmpdir(), "medssl-seg-"));
after(() => rmSync(temporary, { recursive: true }));

export const sources: Readonly<Record<string, readonly string[]>> = {
  ...{ ct: ["ct-0", "ct-1", "ct-2", "ct-3"], tilt: ["tilt-0", "tilt-1", "tilt-2"], mr: ["mr-0", "mr-1", "mr-2"] },
  ...Object.fromEntries(["enhanced", "dx", "cr", "mg", "us", "op", "xc", "es"].map((name) => [name, [name]])),
};
export const kinds = ["binary", "fractional", "labelmap"] as const;
export const parse = (name: string) => parseDicom(new Uint8Array(readFileSync(join(folder, `${name}.dcm`))), name);
export const volumeOf = (names: readonly string[]) =>
  groupInstances(names.map((name) => instanceHeader(parse(name), name)))[0]!;

export const segments: readonly WrittenSegment[] = [
  { value: 5, name: "left lung", color: [230, 159, 0], ...structureOf("left lung") },
  { value: 2, name: "tumour", color: [86, 180, 233], ...structureOf("tumour") },
  { value: 9, name: "spleen", color: [0, 158, 115], ...structureOf("spleen") },
];

/** The first segment on every slice, the second on some, the third nowhere; slice 1 of several is empty. */
export function labelsFor({ shape: [depth, height, width] }: SeriesVolume): Uint8Array {
  return Uint8Array.from({ length: depth * height * width }, (_, i) => {
    const [x, y, z] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
    if (z === 1) return 0;
    if (y < 3 && x > z && x < 7) return 5;
    return y > 3 && x % 3 === 1 && z % 3 === 0 ? 2 : 0;
  });
}

export function pixelsFor(kind: (typeof kinds)[number], volume: SeriesVolume): SegmentationPixels {
  const labels = labelsFor(volume);
  if (kind !== "fractional") return { kind, labels };
  const share = (value: number) => labels.map((label, i) => (label === value ? 128 + (i % 128) : i % 3));
  return {
    kind,
    fractions: new Map(segments.map(({ value }) => [value, value === 9 ? labels.map(() => 0) : share(value)])),
  };
}

export function encode(names: readonly string[], pixels: SegmentationPixels, more: Partial<SegmentationOptions> = {}) {
  const algorithm = { name: "vit-s16", version: "0.1.0" };
  return encodeSegmentation({ volume: volumeOf(names), headerOf: parse, pixels, segments, algorithm, ...more });
}

export interface Written {
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  readonly volume: SeriesVolume;
  readonly pixels: SegmentationPixels;
  readonly bytes: Uint8Array;
  readonly file: string;
}

export const written = Object.entries(sources).flatMap(([name, files]) =>
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
export function expectedValues({ pixels }: Written): number[] {
  return segments.flatMap(({ value }) =>
    pixels.kind === "fractional"
      ? [...pixels.fractions.get(value)!]
      : Array.from(pixels.labels, (label) => Number(label === value)),
  );
}

/** The header of a CT slice, which is in implicit VR and Latin-1, with a description of its series. */
export function described(name: string, description: string): DicomDataset {
  const file = readFileSync(join(folder, `${name}.dcm`));
  const text = Buffer.from(description.padEnd(description.length + (description.length % 2)), "latin1");
  const at = file.indexOf(Buffer.from([0x10, 0, 0x10, 0]));
  const element = Buffer.from([0x08, 0, 0x3e, 0x10, text.length, 0, 0, 0, ...text]);
  return parseDicom(new Uint8Array(Buffer.concat([file.subarray(0, at), element, file.subarray(at)])), name);
}

export const longName = "swin-unetr-b48-btcv-pretrained-on-5050-ct-volumes";
/** Of the source, the model's name, and what the segmentation of each kind is called. */
export const descriptions = [
  ["Thorax  5.0  B31f", "vit-s16", "vit-s16 segmentation of Thorax  5.0  B31f"],
  ["Schädel nativ", "vit-s16", "vit-s16 segmentation of Schädel nativ"],
  ["Thorax 5.0 B31f", longName, "swin-unetr-b48-btcv-pretrained.. segmentation of Thorax 5.0 B31f"],
  ["x".repeat(64), longName, `swin-unetr-b48-btcv-p.. segmentation of ${"x".repeat(22)}..`],
  ["x".repeat(64), "a", `a segmentation of ${"x".repeat(44)}..`],
  ["", "vit-s16", "vit-s16 segmentation of CT series 3"],
] as const;
