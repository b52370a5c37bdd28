import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kernelSources, sumOf } from "./kernel-sources.mjs";

const folder = join(import.meta.dirname, "../packages/imaging/src/raster/kernel");

test("the compiled kernel is the one of the sources (else: node scripts/build-kernel.mjs)", () => {
  const [, written] = /kernelSources = "([0-9a-f]+)"/.exec(readFileSync(join(folder, "kernel-bytes.ts"), "utf8")) ?? [];
  assert.equal(written, sumOf(kernelSources(folder)));
});
