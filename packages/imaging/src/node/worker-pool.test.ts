import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MedsslError } from "@medssl/contract";
import type { OddJob, OddResult } from "./testing/odd-worker.ts";
import { WorkerPool, type WorkerPoolOptions } from "./worker-pool.ts";

const pools: WorkerPool<OddJob, OddResult>[] = [];
after(() => Promise.all(pools.map((pool) => pool.close())));

function oddPool(options: Partial<WorkerPoolOptions<OddJob>> = {}): WorkerPool<OddJob, OddResult> {
  const module = new URL("./testing/odd-worker.ts", import.meta.url);
  const pool = new WorkerPool<OddJob, OddResult>({
    module,
    numWorkers: 2,
    nameOf: ({ value }) => `${value}.dcm`,
    ...options,
  });
  pools.push(pool);
  return pool;
}

const doubles = (count: number) => Array.from({ length: count }, (_, value): OddJob => ({ act: "double", value }));

async function outcomes(pool: WorkerPool<OddJob, OddResult>, jobs: readonly OddJob[]) {
  const all = await Array.fromAsync(pool.run(jobs));
  assert.deepEqual(
    all.map(({ job }) => job),
    jobs,
  );
  return all.map(({ result, error }) => (error ? error : result[0]));
}

test("results come in the jobs' order, however long each takes", async () => {
  const jobs = doubles(50).map((job, i): OddJob => (i % 7 === 0 ? { act: "sleep", value: (i * 13) % 40 } : job));
  const results = await outcomes(oddPool(), jobs);
  assert.deepEqual(
    results,
    jobs.map(({ value }) => value * 2),
  );
});

test("a refused file keeps code, message and hint; a bug keeps its stack", async () => {
  const [refused, bug, good] = await outcomes(oddPool(), [
    { act: "refuse", value: 1 },
    { act: "stumble", value: 2 },
    { act: "double", value: 3 },
  ]);
  assert.ok(refused instanceof MedsslError);
  assert.deepEqual(
    [refused.code, refused.message, refused.hint],
    ["ERR_ODD", "1: expected an even number", "Double it."],
  );
  assert.ok(bug instanceof Error && !(bug instanceof MedsslError));
  assert.match(bug.stack ?? "", /TypeError: bug at 2\n.*odd-worker\.ts/);
  assert.equal(good, 6);
});

test("buffers that a job gives away are moved; a job that has lost them with its worker fails with it", async () => {
  const luggage = [new ArrayBuffer(64), new ArrayBuffer(64)];
  const pool = oddPool({ numWorkers: 1, transferOf: (job) => (job.luggage === undefined ? [] : [job.luggage]) });
  const [died, lost, next] = await outcomes(pool, [
    { act: "exit", value: 1, luggage: luggage[0]! },
    { act: "double", value: 2, luggage: luggage[1]! },
    { act: "double", value: 3 },
  ]);
  assert.deepEqual(
    luggage.map(({ detached }) => detached),
    [true, true],
  );
  assert.deepEqual(
    [died, lost].map((error) => (error as MedsslError).code),
    ["ERR_WORKER_DIED", "ERR_WORKER_DIED"],
  );
  assert.equal(next, 6);
});

test("a job that hangs fails in time, alone, and the worker is replaced", async () => {
  const jobs = doubles(12);
  jobs[3] = { act: "hang", value: 3 };
  jobs[4] = { act: "hang", value: 4 };
  const results = await outcomes(oddPool({ timeLimitMsOf: () => 150 }), jobs);
  for (const [i, result] of results.entries()) {
    if (i !== 3 && i !== 4) assert.equal(result, i * 2);
    else {
      assert.ok(result instanceof MedsslError);
      assert.deepEqual([result.code, result.message], ["ERR_TIME_LIMIT", `${i}.dcm: not read within 0.15 s`]);
    }
  }
});

test("the clock of a job runs from its turn: ten that take half the limit each are all in time", async () => {
  const jobs = Array.from({ length: 10 }, (): OddJob => ({ act: "sleep", value: 150 }));
  assert.deepEqual(
    await outcomes(oddPool({ timeLimitMsOf: () => 300, numWorkers: 1 }), jobs),
    jobs.fill(jobs[0]!).map(() => 300),
  );
});

test("a job that hangs after one that did not still has its limit", async () => {
  const [first, second] = await outcomes(oddPool({ timeLimitMsOf: () => 200, numWorkers: 1 }), [
    { act: "double", value: 1 },
    { act: "hang", value: 2 },
  ]);
  assert.equal(first, 2);
  assert.equal((second as MedsslError).code, "ERR_TIME_LIMIT");
});

test("a worker that exits or runs out of memory fails only its job", async () => {
  const jobs = doubles(9);
  jobs[2] = { act: "exit", value: 2 };
  jobs[5] = { act: "eat", value: 5 };
  jobs[7] = { act: "crash later", value: 7 };
  const results = await outcomes(oddPool({ heapMb: 40 }), jobs);
  const reasons = new Map([
    [2, /^2\.dcm: .*died \(exit code 3\)/],
    [5, /^5\.dcm: .*died \(.*memory/],
    [7, /^7\.dcm: .*died \(too late/],
  ]);
  for (const [i, result] of results.entries()) {
    const reason = reasons.get(i);
    if (reason === undefined) assert.equal(result, i * 2);
    else {
      assert.ok(result instanceof MedsslError);
      assert.equal(result.code, "ERR_WORKER_DIED");
      assert.match(result.message, reason);
    }
  }
});

test("an answer that was sent before the worker ended counts", async () => {
  assert.deepEqual(await outcomes(oddPool(), [{ act: "answer and exit", value: 8 }]), [16]);
});

test("jobs are taken from the source as results are taken: a million never lie in memory", async () => {
  let taken = 0;
  async function* source(): AsyncGenerator<OddJob> {
    for (;;) yield { act: "double", value: taken++ };
  }
  const run = oddPool({ lookAhead: 5 }).run(source());
  for (let i = 0; i < 20; i++) {
    assert.equal((await run.next()).value?.result?.[0], i * 2);
    assert.ok(taken <= i + 5, `${taken} jobs taken for ${i + 1} results`);
  }
  await run.return();
});

test("a consumer that stops ends the source, and the pool works on", async () => {
  let isClosed = false;
  function* source(): Generator<OddJob> {
    try {
      for (;;) yield { act: "double", value: 1 };
    } finally {
      isClosed = true;
    }
  }
  const pool = oddPool();
  for await (const { result } of pool.run(source())) if (result?.[0] === 2) break;
  assert.ok(isClosed);
  assert.deepEqual(await outcomes(pool, doubles(3)), [0, 2, 4]);
});

test("an abort ends a run at once, even while a job hangs and the source waits", async () => {
  const pool = oddPool();
  const stop = new AbortController();
  const seen = [];
  for await (const { result } of pool.run(
    [
      { act: "double", value: 1 },
      { act: "hang", value: 2 },
    ],
    stop.signal,
  )) {
    seen.push(result?.[0]);
    setTimeout(() => stop.abort(), 50);
  }
  assert.deepEqual(seen, [2]);
  assert.ok(stop.signal.aborted);
  await pool.close();
});

test("closing ends the runs", async () => {
  const pool = oddPool();
  const ended = Array.fromAsync(pool.run([{ act: "hang", value: 2 }]));
  await sleep(50);
  await pool.close();
  assert.deepEqual(await ended, []);
});

test("an error of the source is thrown where the results are taken", async () => {
  async function* source(): AsyncGenerator<OddJob> {
    yield { act: "double", value: 1 };
    throw new Error("the disk is gone");
  }
  await assert.rejects(Array.fromAsync(oddPool().run(source())), /the disk is gone/);
});

test("a module that cannot be loaded is a bug, told with its cause", async () => {
  const pool = oddPool({ module: new URL("./testing/no-worker.ts", import.meta.url) });
  const [bug] = await outcomes(pool, doubles(1));
  assert.ok(bug instanceof Error && !(bug instanceof MedsslError));
  assert.match(bug.message, /no-worker\.ts: the worker did not start \(Cannot find module/);
});
