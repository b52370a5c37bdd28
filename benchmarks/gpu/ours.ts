/** Training as `medssl pretrain` does it, from a store on disk: how fast it is with everything that belongs to it. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { ingest, openStore, Random } from "@medssl/datasets";
import { writePng } from "@medssl/imaging";
import { pretrain } from "@medssl/learn";
import { useDevice } from "@medssl/torch";
import { serve } from "../contender.ts";

/** Noise in gray images with a slope, so that none is blank and none a duplicate. */
async function writeImages(dir: string, count: number, size: number): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const random = new Random(0);
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: size ** 2 }, (_, pixel) => (pixel % size) / 2 + 100 * random.next());
    await writePng(join(dir, `patient${String(i).padStart(5, "0")}.png`), {
      width: size,
      height: size,
      channels: 1,
      data,
    });
  }
}

await serve({
  async store({ dir, images, size }: { dir: string; images: number; size: number }) {
    rmSync(dir, { recursive: true, force: true });
    await writeImages(join(dir, "images"), images, size);
    await ingest([join(dir, "images")], { store: join(dir, "store"), width: size, height: size }, () => {});
    return {};
  },
  /** Seconds of a step, warm-up left out. */
  async train({ dir, recipe, device, warmup }: { dir: string; recipe: object; device: string; warmup: number }) {
    useDevice(device);
    const store = openStore(join(dir, "store"));
    const run = join(dir, "run");
    rmSync(run, { recursive: true, force: true });
    await pretrain({
      name: "benchmark",
      selections: [{ store, cases: store.cases }],
      recipe: parseRecipe(pretrainSchema, recipe),
      dir: run,
      isResumed: false,
      device,
      listen: () => {},
    });
    const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n");
    const seconds = lines.map((line): number => JSON.parse(line).seconds);
    return { seconds: (seconds.at(-1)! - seconds[warmup - 1]!) / (seconds.length - warmup) };
  },
});
