import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe, type RunEvent } from "@medssl/contract";
import { type Case, ingest, openStore, predict, Random, type Store } from "@medssl/datasets";
import { type Affine, decodeMaskScan, encodeNifti, readImageBytes, type Samples } from "@medssl/imaging";
import { scope, setNumThreads } from "@medssl/torch";
import { openTorchSegmenter } from "../inference/torch-segmenter.ts";
import { measureCase } from "../metrics/measure-case.ts";
import { testFolder } from "../testing/disc-store.ts";
import { finetune } from "../training/finetune.ts";
import { evaluateRun } from "./evaluate.ts";
import { storedVolumes } from "./stored-volumes.ts";

const dir = testFolder();
const [depth, height, width] = [4, 24, 48] as const;
/** 2 x 1.5 x 6 mm, x and y turned as NIfTI files mostly are. */
const affine: Affine = [-2, 0, 0, 0, 0, -1.5, 0, 0, 0, 0, 6, 0, 0, 0, 0, 1];
const RUN = join(dir, "run");

let store: Store;
before(async () => {
  setNumThreads(1);
  const random = new Random(3);
  for (const folder of ["images", "masks"]) mkdirSync(join(dir, "scans", folder), { recursive: true });
  for (const patient of ["p1", "p2", "p3"]) {
    const mask = new Uint8Array(depth * height * width);
    const image = new Int16Array(mask.length).map(() => 100 * random.next());
    for (let z = 0; z < depth; z++) {
      for (let i = 0; i < height * width; i++) {
        const isInside = Math.hypot((i % width) - 20, Math.floor(i / width) - 11) < 3 + 2 * z;
        if (isInside) [mask[z * height * width + i], image[z * height * width + i]] = [1, 300];
      }
    }
    const write = (folder: string, data: Samples) => {
      const scan = {
        shape: [depth, height, width] as const,
        channels: 1 as const,
        meaning: "relative" as const,
        affine,
      };
      writeFileSync(join(dir, "scans", folder, `${patient}.nii`), encodeNifti({ ...scan, data }));
    };
    write("images", image);
    write("masks", mask);
  }
  const path = join(dir, "store");
  const options = { store: path, width: 32, height: 32, fit: "pad" as const, modality: "mr" as const };
  await ingest([join(dir, "scans")], options, () => {});
  store = openStore(path);
  const [{ patient: learned }] = store.cases as [Case];
  await finetune({
    name: "volumes",
    dir: RUN,
    isResumed: false,
    device: "cpu",
    listen: () => {},
    selections: [{ store, cases: store.cases.filter(({ patient }) => patient === learned) }],
    heldOutPatients: [...new Set(store.cases.map(({ patient }) => patient))].slice(1),
    recipe: parseRecipe(finetuneSchema, { head: "unet", inputSize: 32, steps: 2, batchSize: 4 }),
    encoder: undefined,
  });
});

test("slices of one file are one volume, with the spacing that the store's size makes of it", () => {
  const volumes = storedVolumes([{ store, cases: store.cases }]);
  assert.equal(volumes.length, 3);
  assert.deepEqual(volumes[1]!.indices, [4, 5, 6, 7]);
  assert.deepEqual(volumes[0]!.shape, [4, 32, 32]);
  // 48 x 24 pixels became 32 x 16.
  assert.deepEqual(volumes[0]!.spacingMm, [6, 1.5 * 1.5, 2 * 1.5]);
});

test("a volume is one case: its scores are those of its slices laid over one another", async () => {
  const evaluation = await evaluateRun({ dir: RUN, stores: [store], on: "held-out", device: "cpu", listen: () => {} });
  const { scores, set, shownImages, predict } = evaluation!;
  assert.equal(scores.cases.length, 2);
  assert.equal(set.count, 8);
  assert.ok(scores.dice > 0 && scores.dice < 1, `Dice ${scores.dice}: nothing to tell apart`);
  for (const [n, score] of scores.cases.entries()) {
    const indices = [0, 1, 2, 3].map((z) => 4 * n + z);
    const maps = scope(() => ({
      truth: set.masks(indices).contiguous().toTypedArray() as Uint8Array,
      prediction: indices.flatMap((index) => [...(predict(index).contiguous().toTypedArray() as Uint8Array)]),
    }));
    const whole = { case: score.case, patient: score.patient, truth: maps.truth, shape: [4, 32, 32] as const };
    const expected = measureCase(
      { ...whole, prediction: Uint8Array.from(maps.prediction), spacingMm: [6, 2.25, 3] },
      { labels: store.info.labels, toleranceMm: 2, clDice: "pictures" },
    );
    assert.deepEqual(score, expected);
    assert.equal(shownImages[n], indices[3], "the disc grows from slice to slice");
  }
  assert.deepEqual(scores.notes, []);
});

test("images of another kind than were learned from are measured with a warning", async () => {
  const path = join(dir, "other");
  await ingest([join(dir, "scans")], { store: path, width: 32, height: 32, fit: "pad", modality: "xray" }, () => {});
  const notes = async (stores: readonly Store[]) => {
    const messages: string[] = [];
    const listen = (event: RunEvent) => void (event.type === "note" && messages.push(event.message));
    await evaluateRun({ dir: RUN, stores, on: "all", device: "cpu", listen });
    return messages.join();
  };
  assert.equal(await notes([store]), "");
  assert.match(await notes([openStore(path)]), /learned from images of the kind mr, these are xray/);
});

test("a NIfTI file of one slice is predicted as such, on its own grid: it can be compared with its reference", async () => {
  const scan = { shape: [1, height, width] as const, channels: 1 as const, meaning: "relative" as const, affine };
  const data = Int16Array.from({ length: height * width }, (_, i) => i);
  const path = join(dir, "slice.nii");
  writeFileSync(path, encodeNifti({ ...scan, data }));
  const out = join(dir, "predicted");
  const { predictions } = await predict({
    model: { name: "run", kind: "run", sha256: "", open: async () => openTorchSegmenter(RUN, { device: "cpu" }) },
    ...{ inputs: async () => [path], out, settings: {}, producer: "test", numWorkers: 0, listen: () => {} },
  });
  assert.equal(predictions[0]!.outputs.nifti, "masks/slice.nii.gz");
  const file = join(out, "masks", "slice.nii.gz");
  const mask = await decodeMaskScan(await readImageBytes(file), file);
  assert.deepEqual([mask.shape, mask.affine], [scan.shape, affine]);
});

test("masks of patients whom the run did not keep for testing are told as such", async () => {
  const strangers: Store = Object.create(store, { cases: { value: store.cases.slice(0, depth) } });
  const options = { dir: RUN, stores: [strangers], device: "cpu" as const, listen: () => {} };
  await assert.rejects(evaluateRun({ ...options, on: "held-out" }), { code: "ERR_HELD_OUT", hint: /--on all/ });
});
