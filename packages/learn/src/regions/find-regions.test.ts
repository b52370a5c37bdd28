import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { ingest, openStore, type Store } from "@medssl/datasets";
import { type Image, readImage, writePng } from "@medssl/imaging";
import { setNumThreads } from "@medssl/torch";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { pretrain } from "../training/pretrain.ts";
import { findRegions, type RegionPoint, type RegionsOptions } from "./find-regions.ts";

const dir = testFolder();
const run = join(dir, "run");
let store: Store;
before(async () => {
  setNumThreads(1);
  store = await discStore(dir, 5);
  const encoder = { patchSize: 8, embedDim: 16, depth: 1, numHeads: 2 };
  const decoder = { embedDim: 8, depth: 1, numHeads: 2 };
  const recipe = parseRecipe(pretrainSchema, { inputSize: 32, encoder, decoder, steps: 1, batchSize: 4 });
  const selections = [{ store, cases: store.cases }];
  const listen = () => {};
  await pretrain({ name: "run", selections, recipe, dir: run, isResumed: false, device: "cpu", listen });
});

const options = (settings: Partial<RegionsOptions>): RegionsOptions => ({
  dir: run,
  image: store.cases[0]!.id,
  point: { x: 20, y: 8, unit: "pixels" },
  stores: [store],
  count: 3,
  out: join(dir, "out"),
  device: "cpu",
  listen: () => {},
  ...settings,
});

/** Middle of the blue pixels, in pixels of the picture. */
function middleOfBlue({ width, data }: Image): { x: number; y: number } {
  const blue = Array.from({ length: data.length / 3 }, (_, i) => i).filter(
    (i) => data[3 * i]! === 86 && data[3 * i + 1]! === 180 && data[3 * i + 2]! === 233,
  );
  const mean = (of: (pixel: number) => number) => blue.reduce((sum, pixel) => sum + of(pixel) + 0.5, 0) / blue.length;
  return { x: mean((pixel) => pixel % width), y: mean((pixel) => Math.floor(pixel / width)) };
}

test("other patients' images are searched, drawn and written down, marks where the numbers say", async () => {
  const out = join(dir, "out");
  const result = await findRegions(options({ out }));
  assert.deepEqual(JSON.parse(readFileSync(join(out, "regions.json"), "utf8")), result);
  assert.deepEqual(result.query.pixels, [20, 8]);
  assert.equal(result.results.length, 3);
  assert.equal(new Set([store.cases[0]!.patient, ...result.results.map(({ patient }) => patient)]).size, 4);
  const query = await readImage(join(out, "query.png"));
  const cross = middleOfBlue(query);
  assert.ok(Math.hypot(cross.x - (20.5 / 32) * 480, cross.y - (8.5 / 32) * 480) < 1, `${cross.x} ${cross.y}`);
  for (const { picture, points } of result.results) {
    const ring = middleOfBlue(await readImage(picture));
    const [x, y] = points[0]!.shares;
    const isWhole = [x, y].every((share) => share > 0.05 && share < 0.95);
    if (isWhole) assert.ok(Math.hypot(ring.x - x * 480, ring.y - y * 480) < 1.5, `${ring.x} ${ring.y} for ${x} ${y}`);
  }
  assert.ok(existsSync(join(out, "regions.png")));
});

test("a file of a store is its case there, a foreign one is brought to the store's frame; padding is not shown", async () => {
  const wide = join(dir, "wide");
  mkdirSync(wide);
  for (let i = 0; i < 3; i++) {
    const data = Uint8Array.from({ length: 60 * 40 }, (_, pixel) => (pixel * (i + 3)) % 251);
    await writePng(join(wide, `p${i}.png`), { width: 60, height: 40, channels: 1, data });
  }
  await ingest([wide], { store: join(dir, "padded"), width: 32, height: 32, fit: "pad" }, () => {});
  const padded = openStore(join(dir, "padded"));
  const point: RegionPoint = { x: 0.25, y: 0.5, unit: "shares" };
  const out = join(dir, "wide-out");
  const result = await findRegions(options({ image: join(wide, "p1.png"), stores: [padded], point, out, count: 9 }));
  assert.equal(result.results.length, 2, "its own patient is left out");
  const foreign = join(dir, "foreign.png");
  copyFileSync(join(wide, "p1.png"), foreign);
  const again = await findRegions(options({ image: foreign, stores: [padded], point, out, count: 9 }));
  assert.equal(again.results.length, 3, "nobody knows whose it is");
  for (const { query } of [result, again]) assert.deepEqual(query.shares, [0.25, 0.5]);
  assert.deepEqual(again.query.pixels, [14.5, 19.5]);
  const same = ({ results }: typeof result) => results.find(({ case: id }) => id === result.results[0]!.case)!.points;
  assert.deepEqual(same(again), same(result), "the same pixels find the same places");
  const picture = await readImage(join(out, "query.png"));
  assert.deepEqual([picture.width, picture.height], [480, (480 * 40) / 60]);
  const cross = middleOfBlue(picture);
  assert.ok(Math.hypot(cross.x - 120, cross.y - 160) < 6, `${cross.x} ${cross.y}`);
});

test("what cannot be searched is said: point, image, numbers, stores", async () => {
  const refuses = (settings: Partial<RegionsOptions>, code: string, message: RegExp) =>
    assert.rejects(findRegions(options(settings)), { code, message });
  await refuses({ point: { x: 32, y: 3, unit: "pixels" } }, "ERR_POINT", /32,3 lies outside of .* 32 x 32 pixels/);
  await refuses({ point: { x: 0.2, y: -0.1, unit: "shares" } }, "ERR_POINT", /20%,-10% lies outside/);
  await refuses({ image: "nobody" }, "ERR_REGION_IMAGE", /nobody: no such file, and no case/);
  await refuses({ dir: store.dir }, "ERR_RUN_MISSING", /expected the folder of a run/);
  const alone = await discStore(testFolder(), 1);
  await refuses(
    { image: alone.cases[0]!.id, stores: [alone] },
    "ERR_STORE_EMPTY",
    /no image of this kind of another patient/,
  );
});
