/**
 * A small store for tests: bright discs on noise, the discs as masks, two images a patient.
 */
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ingest, openStore, Random, type Store } from "@medssl/datasets";
import { writePng } from "@medssl/imaging";

const SIZE = 32;

export const testFolder = (): string => mkdtempSync(join(tmpdir(), "medssl-learn-"));

export async function discStore(dir: string, patients = 10): Promise<Store> {
  const source = join(dir, "discs");
  for (const folder of ["images", "masks"]) mkdirSync(join(source, folder), { recursive: true });
  const random = new Random(7);
  for (let i = 0; i < 2 * patients; i++) {
    const [x, y, radius] = [8 + 16 * random.next(), 8 + 16 * random.next(), 4 + 4 * random.next()];
    const inside = (pixel: number) => Math.hypot((pixel % SIZE) - x, Math.floor(pixel / SIZE) - y) < radius;
    const mask = Uint8Array.from({ length: SIZE ** 2 }, (_, pixel) => (inside(pixel) ? 255 : 0));
    const gray = mask.map((value) => 60 + value / 2 + 40 * random.next());
    const name = `patient${String(Math.floor(i / 2)).padStart(3, "0")}_${i % 2}.png`;
    await writePng(join(source, "images", name), { width: SIZE, height: SIZE, channels: 1, data: gray });
    await writePng(join(source, "masks", name), { width: SIZE, height: SIZE, channels: 1, data: mask });
  }
  const store = join(dir, "store");
  await ingest([source], { store, width: SIZE, height: SIZE }, () => {});
  return openStore(store);
}
