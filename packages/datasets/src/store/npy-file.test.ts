import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NpyFile, readNpyRow } from "./npy-file.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-npy-"));
test.after(() => rmSync(folder, { recursive: true }));

const record = { width: 4, height: 2, dtype: "uint8" } as const;
const counting = (start: number) => Uint8Array.from({ length: 8 }, (_, i) => start + i);

test("the file is byte for byte what numpy.save writes", () => {
  const path = join(folder, "a.npy");
  const file = new NpyFile(path, record);
  file.writeRow(0, counting(0));
  file.publish(1);
  file.writeRow(1, counting(8));
  file.writeRow(2, counting(16));
  file.publish(3);
  file.close();
  assert.deepEqual(readFileSync(path), readFileSync(join(import.meta.dirname, "..", "fixtures", "numpy-3x2x4.npy")));
  assert.deepEqual(readNpyRow(path, 1, record), counting(8));
});

test("rows that were not published are gone when the file is opened again; rows never written are zeros", () => {
  const path = join(folder, "b.npy");
  const killed = new NpyFile(path, record);
  killed.writeRow(0, counting(1));
  killed.publish(1);
  killed.writeRow(1, counting(100));
  killed.close();
  const file = new NpyFile(path, record);
  file.publish(1);
  file.writeRow(2, counting(50));
  file.publish(3);
  file.close();
  const rows = [0, 1, 2].map((row) => readNpyRow(path, row, record)[7]);
  assert.deepEqual(rows, [8, 0, 57]);
});

test("Hounsfield units come back, and numpy's header says what they are", () => {
  const path = join(folder, "c.npy");
  const hounsfield = { width: 2, height: 2, dtype: "int16" } as const;
  const file = new NpyFile(path, hounsfield);
  file.writeRow(1, Int16Array.of(-1024, 0, 40, 3071));
  file.publish(2);
  file.close();
  assert.deepEqual(readNpyRow(path, 1, hounsfield), Int16Array.of(-1024, 0, 40, 3071));
  assert.match(readFileSync(path).toString("latin1", 0, 128), /'descr': '<i2', .*'shape': \(2, 2, 2\)/);
});
