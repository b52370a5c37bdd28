import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { noise, patientHash, type WrittenCase, writtenStore } from "../testing/written-store.ts";
import { findLeaks } from "./leaks.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-leaks-"));
after(() => rmSync(folder, { recursive: true }));
const SIZE = 64;
const nearly = (seed: number) => Uint8Array.from(noise(seed, SIZE), (value) => Math.min(value * 1.1 + 5, 255));
const hashes = (...names: string[]) => names.map((name) => patientHash(name));

test("the same picture and a near copy are found across stores, where one is tested on and the other learned from", () => {
  const labeled: WrittenCase[] = [0, 1, 2, 3].map((i) => ({ patient: `p${i}`, pixels: noise(i, SIZE), labels: [1] }));
  const pool: WrittenCase[] = [
    { source: "pool", patient: "same", pixels: noise(2, SIZE) },
    { source: "pool", patient: "near", pixels: nearly(3) },
    { source: "pool", patient: "other", pixels: noise(9, SIZE) },
    { source: "pool", patient: "of-training", pixels: noise(0, SIZE) },
  ];
  const stores = [
    writtenStore(join(folder, "a"), labeled, { size: SIZE }),
    writtenStore(join(folder, "b"), pool, { size: SIZE }),
  ];
  const test = hashes("p2", "p3");
  const leaks = findLeaks({ stores, test, learned: hashes("p0", "p1", "same", "near", "other", "of-training") });
  assert.equal(leaks.length, 2, leaks.join());
  assert.match(leaks[0]!, /^source\/0002 = pool\/0000$/);
  assert.match(leaks[1]!, /^source\/0003 ~ pool\/0001 \(likeness 0\.9/);
  assert.deepEqual(findLeaks({ stores, test, learned: hashes("p0", "p1", "other", "of-training") }), []);
});
