import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ingest, openStore, type Store } from "@medssl/datasets";
import { writeNifti } from "@medssl/imaging";
import { testFolder } from "../testing/disc-store.ts";
import { evenly, makePool } from "./pool.ts";

/** CT volumes of 40 and 5 slices that no two are alike in. */
async function volumeStore(): Promise<Store> {
  const folder = testFolder();
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const;
  for (const [i, slices] of [40, 5].entries()) {
    const data = Int16Array.from(
      { length: slices * 1024 },
      (_, k) => ((k * (7 + i)) % 400) - 150 + Math.floor(k / 1024),
    );
    const scan = { shape: [slices, 32, 32], channels: 1, data, meaning: "hounsfield", affine } as const;
    await writeNifti(join(folder, `ct_train_100${i}_image.nii.gz`), scan);
  }
  const store = join(folder, "store");
  await ingest([folder], { store, width: 32, height: 32, layout: "mm-whs" }, () => {});
  return openStore(store);
}

test("a volume is one item, of which at most 16 slices from top to bottom are looked at", async () => {
  const store = await volumeStore();
  const { items, set } = makePool({ stores: [store], heldOutPatients: [], learnedPatients: [] });
  assert.deepEqual(
    items.map(({ positions }) => positions.length).sort((a, b) => a - b),
    [5, 16],
  );
  assert.ok(items.every(({ isVolume, isAnnotated }) => isVolume && !isAnnotated));
  const long = items.find(({ positions }) => positions.length === 16)!;
  const slices = long.positions.map((position) => Number(set.cases[position]!.id.split("#")[1]));
  assert.ok(slices[0]! < 3 && slices.at(-1)! > 36);
  const [patient] = [long.patient];
  const rest = makePool({ stores: [store], heldOutPatients: [patient], learnedPatients: [] });
  assert.deepEqual([rest.items.length, rest.heldOut], [1, 1]);
  const known = makePool({ stores: [store], heldOutPatients: [], learnedPatients: [], annotated: [long.id] });
  assert.deepEqual(
    known.items.filter(({ isAnnotated }) => isAnnotated).map(({ id }) => id),
    [long.id],
  );
  assert.throws(
    () => makePool({ stores: [store], heldOutPatients: store.cases.map((one) => one.patient), learnedPatients: [] }),
    { code: "ERR_SUGGEST_NONE" },
  );
});

test("a part of a list comes from all of it", () => {
  assert.deepEqual(evenly([1, 2, 3], 5), [1, 2, 3]);
  assert.deepEqual(evenly([0, 1, 2, 3, 4, 5, 6, 7], 4), [1, 3, 5, 7]);
});
