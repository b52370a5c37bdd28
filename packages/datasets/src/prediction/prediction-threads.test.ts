import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WorkerPool } from "@medssl/imaging";
import { folderOf } from "../layouts/miniature.ts";
import { PredictionThreads } from "./prediction-threads.ts";
import type { ReadJob } from "./read-input.ts";
import type { WriteJob } from "./write-result.ts";

/** Threads whose clock goes by what the test says alone, and which are counted, not started. */
function timed(t: TestContext) {
  const seen = { nowMs: 0, pools: 0 };
  t.mock.method(performance, "now", () => seen.nowMs);
  t.mock.method(WorkerPool.prototype, "start", () => void seen.pools++);
  t.mock.method(WorkerPool.prototype, "run", async function* () {});
  return { seen, threads: new PredictionThreads(2, [], 100) };
}

const shape = [1, 2, 2] as const;
const job = (): WriteJob => ({
  ...{ out: join(folderOf({}).root, "out"), name: "a", formats: ["png"], labels: new Uint8Array(4), fractions: [] },
  ...{ shown: { shape }, own: { shape, affine: undefined, spacingMm: undefined }, volume: undefined },
  ...{ overlay: undefined, channel: "luma", classes: [], algorithm: { name: "a", version: "1" } },
});

/** Nobody's files: what is read of them costs nothing. */
const jobs = ["a", "b", "c"].map((file) => ({ input: { file, name: file, files: [file] } }) as unknown as ReadJob);

test("threads are started once reading and writing here has cost as much as they do", async (t) => {
  const { seen, threads } = timed(t);
  const written = threads.write(job());
  seen.nowMs += 99;
  await written;
  await Array.fromAsync(threads.read(jobs, undefined));
  assert.equal(seen.pools, 0);
  const later = threads.write(job());
  seen.nowMs += 1;
  await later;
  await Array.fromAsync(threads.read(jobs, undefined));
  assert.equal(seen.pools, 2, "those that read, and those that write");
});

test("a slow network is no reason to start them", async (t) => {
  const { seen, threads } = timed(t);
  const written = threads.write(job());
  await threads.besides(async () => {
    seen.nowMs += 10_000;
  });
  await written;
  await Array.fromAsync(threads.read(jobs, undefined));
  assert.equal(seen.pools, 0);
});
