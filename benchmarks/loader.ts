/**
 * Whether training waits for images: a batch of 128 at 224x224 from a mapped store of 10,000, in random order, against a
 * step of pre-training on it (forward and backward).
 *
 * The step is the recipe `tiny`'s network at 224 px; a larger one waits even less.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { ALONE, createObjective, Draws } from "@medssl/learn";
import { fromTypedArray, mapNpy, rand, scope, setNumThreads, type Tensor, tensor, zeros } from "@medssl/torch";
import { benchDir } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const [IMAGES, SIZE, BATCH, ROUNDS] = [10_000, 224, 128, 15];

/** A NumPy file of random bytes, half a gigabyte. */
function storeFile(): string {
  const path = join(benchDir, `loader-${IMAGES}x${SIZE}.npy`);
  if (existsSync(path)) return path;
  mkdirSync(benchDir, { recursive: true });
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${IMAGES}, ${SIZE}, ${SIZE}), }`;
  const pixels = Buffer.from(Uint8Array.from({ length: 64 * SIZE * SIZE }, () => 256 * Math.random()));
  const parts = Array.from({ length: Math.ceil(IMAGES / 64) }, (_, i) =>
    pixels.subarray(0, Math.min(64, IMAGES - 64 * i) * SIZE * SIZE),
  );
  writeFileSync(
    path,
    Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
      Buffer.from(`${header.padEnd(117)}\n`),
      ...parts,
    ]),
  );
  return path;
}

export async function run(): Promise<BenchmarkResult> {
  setNumThreads(2);
  const images = mapNpy(storeFile());
  const rows = () => BigInt64Array.from({ length: BATCH }, () => BigInt(Math.floor(IMAGES * Math.random())));
  const load = (): Tensor => images.indexSelect(0, fromTypedArray(rows())).unsqueeze(1);
  const recipe = parseRecipe(pretrainSchema, { method: "mim", inputSize: SIZE, batchSize: BATCH });
  const objective = createObjective(recipe);
  const frames = tensor([[0, 0, 1, 1]])
    .expand([BATCH, 4])
    .contiguous();
  const none = zeros([BATCH]);
  const places = { places: { frames, kinds: none, heights: zeros([BATCH, 2]), areAlike: true }, imageNumbers: none };
  const seconds = (work: () => void) => {
    const start = performance.now();
    scope(work);
    return (performance.now() - start) / 1e3;
  };
  const step = () => {
    const views = { ...places, images: rand([BATCH, 1, SIZE, SIZE]), boxes: frames, draws: new Draws(BATCH, "cpu") };
    objective.loss(views, 0, ALONE).loss.backward();
  };
  seconds(step);
  const loads = Array.from({ length: ROUNDS }, () => seconds(load));
  const steps = Array.from({ length: 3 }, () => seconds(step));
  return {
    name: "loader",
    rows: [
      {
        "first load ms": Number((1e3 * loads[0]!).toFixed(1)),
        "load ms": Number((1e3 * median(loads)).toFixed(1)),
        "step ms": Number((1e3 * median(steps)).toFixed(0)),
        "load / step %": Number(((100 * median(loads)) / median(steps)).toFixed(2)),
      },
    ],
  };
}
