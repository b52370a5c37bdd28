import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe } from "@medssl/contract";
import { ingest, openStore, parseLabels, type Store } from "@medssl/datasets";
import { writeNifti, writePng } from "@medssl/imaging";
import { cat, setNumThreads, type Tensor } from "@medssl/torch";
import { standardize } from "../augment/intensity.ts";
import { ImageSet } from "../data/image-set.ts";
import { normalizationStatistics } from "../data/normalization.ts";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { segmentImages } from "../inference/segment-images.ts";
import { testFolder } from "../testing/disc-store.ts";
import { finetune } from "../training/finetune.ts";
import { fingerprint } from "./fingerprint.ts";

const dir = testFolder();
const SIZE = 40;
/** A square of 10 pixels and a line of 2 by 40, of grey values 100 and 200, on 50. */
const square = (x: number, y: number) => x >= 5 && x < 15 && y >= 5 && y < 15;
const line = (_x: number, y: number) => y >= 30 && y < 32;
const draw = (of: (x: number, y: number) => number): Uint8Array =>
  Uint8Array.from({ length: SIZE ** 2 }, (_, i) => of(i % SIZE, Math.floor(i / SIZE)));

let store: Store;
before(async () => {
  setNumThreads(1);
  const source = join(dir, "shapes");
  for (const folder of ["images", "masks"]) mkdirSync(join(source, folder), { recursive: true });
  for (const i of [0, 1, 2, 3]) {
    const hasLine = i < 3;
    const pick = (background: number, inSquare: number, inLine: number) =>
      draw((x, y) => (square(x, y) ? inSquare : hasLine && line(x, y) ? inLine : background));
    const png = { width: SIZE, height: SIZE, channels: 1 } as const;
    const gray = pick(50, 100, 200);
    gray[0] = i; // no two files are the same
    await writePng(join(source, "images", `p${i}.png`), { ...png, data: gray });
    await writePng(join(source, "masks", `p${i}.png`), { ...png, data: pick(0, 1, 2) });
  }
  const labels = parseLabels("square=1,line=2");
  await ingest([source], { store: join(dir, "store"), width: SIZE, height: SIZE, labels }, () => {});
  store = openStore(join(dir, "store"));
});

const selections = () => [{ store, cases: store.cases }];
const near = (actual: number, expected: number, tolerance = 1e-3) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);

test("a fingerprint counts what was drawn", () => {
  const print = fingerprint(new ImageSet(selections()), selections());
  assert.deepEqual(
    [print.images, print.patients, print.height, print.width, print.kind, print.spacingMm],
    [4, 4, SIZE, SIZE, "picture", null],
  );
  const [squares, lines] = print.structures;
  assert.equal(squares!.share, 100 / 1600);
  assert.equal(squares!.images, 4);
  // Twice 100 pixels over an outline of 40; twice 80 over one of 84.
  near(squares!.widthPx, 5);
  assert.equal(lines!.share, (3 * 80) / (4 * 1600));
  assert.equal(lines!.images, 3);
  near(lines!.widthPx, 160 / 84);
});

test("intensities of structures are theirs alone: 400 pixels of 100 and 240 of 200", () => {
  const { foreground } = fingerprint(new ImageSet(selections()), selections());
  const mean = (400 * 100 + 240 * 200) / 640;
  near(foreground.mean, mean / 255);
  near(foreground.std, Math.sqrt((400 * (100 - mean) ** 2 + 240 * (200 - mean) ** 2) / 640) / 255);
  near(foreground.low, 100 / 255);
  near(foreground.high, 200 / 255);
});

test("each way of normalising brings to 0 and 1 what it says", () => {
  const set = new ImageSet(selections());
  const of = (normalization: "dataset" | "image" | "foreground") => {
    const values = standardize(set.images([0, 3]), normalizationStatistics(set, normalization));
    const moments = [0, 1].map((i) => [values.select(0, i).mean().item(), values.select(0, i).square().mean().item()]);
    return { moments, low: values.amin().item(), high: values.amax().item() };
  };
  for (const [mean, square] of of("image").moments) {
    near(mean!, 0);
    near(square!, 1);
  }
  // Image 3 has no line: darker than the set.
  assert.ok(of("dataset").moments[1]![0]! < -0.05);
  // Limited to the structures' range: the background of 50 becomes 100.
  const statistics = normalizationStatistics(set, "foreground");
  near(of("foreground").low, (100 / 255 - statistics.mean) / statistics.std, 5e-3);
  near(of("foreground").high, (200 / 255 - statistics.mean) / statistics.std, 5e-3);
});

test("crops are normalised by the whole image, not by themselves", () => {
  const set = new ImageSet(selections());
  const statistics = normalizationStatistics(set, "image");
  const whole = set.images([0]);
  const corner = whole.slice(2, 36).slice(3, 36);
  const expected = standardize(whole, statistics).slice(2, 36).slice(3, 36);
  near(standardize(corner, statistics, whole).sub(expected).abs().amax().item(), 0);
  near(standardize(corner, statistics).abs().amax().item(), 0);
});

test("tiles of an image are normalised by the whole image", () => {
  const set = new ImageSet(selections());
  const statistics = normalizationStatistics(set, "image");
  const inference = { mode: "tiles", tileOverlap: 0.5, flips: "none" } as const;
  const network = { forward: (x: Tensor) => cat([x, x.mul(0)], 1) };
  const probabilities = segmentImages(network, set.images([0, 3]), { inputSize: 16, inference, statistics });
  // The logarithm of the odds is what the network saw.
  const [first, second] = [probabilities.select(1, 0), probabilities.select(1, 1)];
  const seen = first.log().sub(second.log()).unsqueeze(1);
  near(
    seen
      .sub(standardize(set.images([0, 3]), statistics))
      .abs()
      .amax()
      .item(),
    0,
  );
});

test("of a CT, spacing is that of the stored pixels, and values are limited to the structures' range", async () => {
  const source = join(dir, "volumes");
  mkdirSync(source);
  const shape = [1, 64, 64] as const;
  const affine = [-0.5, 0, 0, 0, 0, -0.75, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] as const; // x 0.5 mm, y 0.75 mm
  // Labelled away from the edge, at which storing smaller images mixes values.
  const parts = (from: number, left: number, right: number) =>
    Int16Array.from({ length: 64 * 64 }, (_, i) => (i % 64 < from ? left : right));
  const about = { shape, channels: 1, affine } as const;
  const image = { ...about, data: parts(32, -1000, 37), meaning: "hounsfield" } as const;
  const labels = { ...about, data: Uint16Array.from(parts(44, 0, 500)), meaning: "shown" } as const;
  await writeNifti(join(source, "ct_train_1001_image.nii.gz"), image);
  await writeNifti(join(source, "ct_train_1001_label.nii.gz"), labels);
  const to = { store: join(dir, "ct-store"), width: 32, height: 32, layout: "mm-whs" };
  await ingest([source], to, () => {});
  const ct = openStore(to.store);
  const cases = [{ store: ct, cases: ct.cases }];
  const set = new ImageSet(cases);
  const print = fingerprint(set, cases);
  assert.deepEqual([print.kind, print.spacingMm], ["ct", 1.5]);
  const unit = (37 + 175) / 425;
  near(print.foreground.mean, unit);
  near(normalizationStatistics(set, "foreground").limits![0], unit);
});

test("fine-tuning plans by the labelled images, writes the plan down, and the network can be loaded", async () => {
  const notes: string[] = [];
  const tune = (isResumed: boolean) =>
    finetune({
      name: "auto",
      selections: selections(),
      heldOutPatients: [],
      recipe: parseRecipe(finetuneSchema, { head: "auto-unet", steps: 3, batchSize: 2 }),
      encoder: undefined,
      dir: join(dir, "auto"),
      isResumed,
      device: "cpu",
      listen: (event) => {
        if (event.type === "note") notes.push(event.message);
      },
    });
  const run = await tune(false);
  assert.deepEqual(run.recipe.unet?.channels, [8, 16, 32, 64]);
  assert.deepEqual([run.recipe.inputSize, run.recipe.optimizer, run.recipe.normalization], [40, "adamw", "image"]);
  assert.equal(run.statistics.isPerImage, true);
  assert.ok(
    notes.some((note) => note.startsWith("planned U-Net (compact): 4 stages")),
    notes.join("\n"),
  );
  const { network } = loadSegmenter(join(dir, "auto"), "cpu");
  assert.equal(network.forwardLevels?.(new ImageSet(selections()).images([0])).length, 2);
  assert.deepEqual(await tune(true), run, "planned again, it is the same run");
});

test("a plan that is given is used as it is", async () => {
  const unet = { channels: [4, 6], strides: [1, 2], convsPerStage: 1, upsampling: "bilinear" };
  const run = await finetune({
    name: "given",
    selections: selections(),
    heldOutPatients: [],
    recipe: parseRecipe(finetuneSchema, { head: "auto-unet", unet, steps: 2, batchSize: 2, inputSize: 24 }),
    encoder: undefined,
    dir: join(dir, "given"),
    isResumed: false,
    device: "cpu",
    listen: () => {},
  });
  assert.deepEqual([run.recipe.unet, run.recipe.inputSize, run.recipe.optimizer], [unet, 24, "adamw"]);
});
