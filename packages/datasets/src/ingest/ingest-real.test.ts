import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCase } from "../store/case-pixels.ts";
import { openStore } from "../store/store.ts";
import { ingest } from "./ingest.ts";

const chase = join(import.meta.dirname, "../../../../../shared/data/vessels-chase-db1");

test("CHASE_DB1 as published: 28 images of 14 children, vessels darker than their surroundings", {
  skip: !existsSync(chase) && "the data set is not on this machine",
}, async () => {
  const root = mkdtempSync(join(tmpdir(), "medssl-chase-"));
  const { found, stored, masks, patients } = await ingest(
    [chase],
    { store: join(root, "store"), width: 128, height: 128 },
    () => {},
  );
  assert.deepEqual({ found, stored, masks, patients }, { found: 28, stored: 28, masks: 28, patients: 14 });
  const store = openStore(join(root, "store"));
  for (const one of store.cases) {
    const { image, labels } = readCase(store, one);
    const share = labels!.data.filter((label) => label === 1).length / labels!.data.length;
    assert.ok(share > 0.03 && share < 0.12, `${one.id}: ${share}`);
    // Against the pixels a little to the left and right, so that the uneven light does not matter.
    let contrast = 0;
    labels!.data.forEach((label, i) => {
      if (label === 1) contrast += image.data[i]! - (image.data[i - 4]! + image.data[i + 4]!) / 2;
    });
    assert.ok(contrast < 0, one.id);
  }
  rmSync(root, { recursive: true });
});
