import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseModelCard, type SegmentationPlan } from "@medssl/contract";
import { openNetwork } from "../node/open-network.ts";
import type { Network } from "./network.ts";
import { OnnxSliceSegmenter } from "./onnx-slice-segmenter.ts";
import { BilinearRows, resizeAntialiased } from "./resize.ts";

interface Expected {
  readonly cases: readonly {
    readonly name: string;
    readonly plan: Pick<SegmentationPlan, "mode" | "flips" | "statistics">;
    readonly height: number;
    readonly width: number;
    /** Of each image, in hexadecimal. */
    readonly pixels: readonly string[];
    readonly labels: string;
    readonly fractions: string;
  }[];
  readonly resizing: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly planes: readonly number[];
    readonly antialiased: readonly number[];
    readonly bilinear: readonly number[];
  }[];
}

const fixtures = join(import.meta.dirname, "..", "fixtures");
const { cases, resizing }: Expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const folder = join(fixtures, "tiny-model");
const { plan } = parseModelCard(readFileSync(join(folder, "model.json"), "utf8"), folder);
const onnx = new Uint8Array(readFileSync(join(folder, "model.onnx")));
const tiny = await openNetwork(onnx, { provider: "cpu", threads: 1 });
after(() => tiny.release());

const pause = async () => {};
const labelsOnly = { fractions: false, margins: false };
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

/** Of two classes: the one that is furthest above the background, if one is. @param margins [B, 2, size] */
function labelsOf(margins: Float32Array, size: number): string {
  const numImages = margins.length / 2 / size;
  return Array.from({ length: numImages * size }, (_, at) => {
    const first = Math.floor(at / size) * 2 * size + (at % size);
    const [one, two] = [margins[first]!, margins[first + size]!];
    return Math.max(one, two) <= 0 ? 0 : one >= two ? 1 : 2;
  }).join("");
}

for (const { name, plan: ofCase, pixels, labels, fractions, ...size } of cases) {
  test(`as PyTorch and MONAI: ${name}`, async () => {
    const segmenter = new OnnxSliceSegmenter(tiny, { ...plan, ...ofCase }, 3, pause);
    const batch = { slices: pixels.map((image) => [bytes(image)]), ...size };
    const found = await segmenter.segmentSlices(batch, { fractions: true, margins: true });
    assert.equal(found.labels.join(""), labels);
    const expected = bytes(fractions);
    assert.equal(found.fractions?.length, expected.length);
    const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found.fractions![i]!)), 0);
    assert.ok(furthest <= 1, `fractions differ by ${furthest}`);
    assert.equal(labelsOf(found.margins!, found.labels.length / pixels.length), labels);
    const margined = await segmenter.segmentSlices(batch, { fractions: false, margins: true });
    const apart = margined.margins!.reduce((most, one, i) => Math.max(most, Math.abs(one - found.margins![i]!)), 0);
    assert.ok(apart < 1e-6, "margins are the same without fractions");
    const alone = await segmenter.segmentSlices(batch, labelsOnly);
    assert.deepEqual([alone.labels, alone.fractions], [found.labels, undefined]);
  });
}

test("planes are resized as PyTorch resizes them", () => {
  for (const { from, to, planes, antialiased, bilinear } of resizing) {
    const source = Float32Array.from(planes);
    const [before, wanted] = [from, to].map(([height, width]) => ({ height, width })) as [Size, Size];
    assertClose(resizeAntialiased(source, before, wanted), antialiased, `antialiased ${from} to ${to}`);
    const rows = new BilinearRows(before, wanted);
    const result = new Float32Array(bilinear.length);
    for (let row = 0; row < 2 * wanted.height; row++) {
      rows.write(source, Math.floor(row / wanted.height), row % wanted.height, result, row * wanted.width);
    }
    assertClose(result, bilinear, `bilinear ${from} to ${to}`);
  }
});

type Size = { readonly height: number; readonly width: number };

function assertClose(found: Float32Array, expected: readonly number[], name: string): void {
  assert.equal(found.length, expected.length);
  const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
  assert.ok(furthest < 2e-5, `${name}: off by ${furthest}`);
}

/** Its logit for the only class is the last channel, above the mean of 0.5 of its unit values. */
const echo: Network = {
  provider: "cpu",
  threads: 1,
  pixelsAtOnce: 2 ** 9,
  notes: [],
  async run(images, [count, channels, side]) {
    const logits = new Float32Array(count * 2 * side * side);
    for (let image = 0; image < count; image++) {
      const last = (image * channels + channels - 1) * side * side;
      logits.set(images.subarray(last, last + side * side), (image * 2 + 1) * side * side);
    }
    return logits;
  },
  async release() {},
};

test("Hounsfield units are limited to the unit range; slices around are channels", async () => {
  const form = { ...plan.slices, dtype: "int16" } as const;
  const ct: SegmentationPlan = { ...plan, slices: form, unitRange: [-175, 250], statistics: { mean: 0, std: 1 } };
  const middle = new Int16Array(256).fill(-1000);
  const last = Int16Array.from({ length: 256 }, (_, i) => [-3000, -175, 37, 38, 250, 3000][i % 6]!);
  const segmenter = new OnnxSliceSegmenter(echo, ct, 2, pause);
  const { fractions } = await segmenter.segmentSlices(
    { slices: [[middle, middle, last]], width: 16, height: 16 },
    { fractions: true, margins: false },
  );
  const unit = [0, 0, 212 / 425, 213 / 425, 1, 1];
  const expected = Uint8Array.from({ length: 256 }, (_, i) => Math.round(255 / (1 + Math.exp(-unit[i % 6]!))));
  assert.deepEqual(fractions, expected);
});

test("tiles of one value are seen once, and each pixel has its own probability all the same", async () => {
  const seen: number[] = [];
  const counted: Network = {
    ...echo,
    run: async (images, shape) => {
      seen.push(shape[0]);
      return await echo.run(images, shape);
    },
  };
  const { inputSize: tile } = plan;
  const width = 4 * tile;
  // Air everywhere but in the last columns; in the second picture a single pixel of it is another.
  const noise = (x: number, y: number) => (x >= width - tile / 2 ? (x * 7919 + y * 31) & 255 : 12);
  const pictures = [0, 1].map((image) =>
    Uint8Array.from({ length: width * tile }, (_, i) =>
      image === 1 && i === 3 ? 130 : noise(i % width, Math.floor(i / width)),
    ),
  );
  const ofTiles = { ...plan, mode: "tiles", tileOverlap: 0.5, flips: "none", statistics: { mean: 0, std: 1 } } as const;
  const segmenter = new OnnxSliceSegmenter(counted, ofTiles, 2, pause);
  const batch = { slices: pictures.map((one) => [one]), width, height: tile };
  const { fractions } = await segmenter.segmentSlices(batch, { fractions: true, margins: true });
  // Of the seven tiles of the first six are flat, of the second five: those that are not, and one that is.
  assert.equal(
    seen.reduce((sum, count) => sum + count, 0),
    14 - 11 + 1,
  );
  const expected = pictures.flatMap((one) => [...one].map((value) => 255 / (1 + Math.exp(-value / 255))));
  const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - fractions![i]!)), 0);
  assert.ok(furthest <= 0.51, `off by ${furthest}`);
});

test("it stops between two runs of the network", async () => {
  let pauses = 0;
  const stop = async () => {
    if (++pauses === 3) throw new DOMException("stop", "AbortError");
  };
  for (const mode of ["whole", "tiles"] as const) {
    pauses = 0;
    const segmenter = new OnnxSliceSegmenter(echo, { ...plan, mode, flips: "both" }, 2, stop);
    const image = [new Uint8Array(64 * 64)];
    const running = segmenter.segmentSlices({ slices: [image], width: 64, height: 64 }, labelsOnly);
    await assert.rejects(running, { name: "AbortError" });
  }
});

test("a network that has other classes than its card says is refused", async () => {
  const segmenter = new OnnxSliceSegmenter(tiny, plan, 2, pause);
  const one = segmenter.segmentSlices({ slices: [[new Uint8Array(256)]], width: 16, height: 16 }, labelsOnly);
  await assert.rejects(one, { code: "ERR_MODEL_FILE", message: /gives 3 values a pixel, its card says 2/ });
});
