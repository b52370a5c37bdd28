/**
 * Several processes on one machine. What they should say is worked out by hand, or by one process that sees all rows.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { joinProcessGroup } from "./index.ts";
import { native } from "./native.ts";

const program = fileURLToPath(new URL("testing/rank-program.ts", import.meta.url));
const isBuilt = native.openStore !== undefined;

interface Said {
  readonly rank?: number;
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<{ said: Said[]; status: number | NodeJS.Signals; stderr: string }>((resolve) => {
    const options = { env: { PATH: process.env["PATH"] ?? "", ...env }, timeout: 60_000 };
    const child = execFile(command, [...args], options, (_error, stdout, stderr) => {
      const said = stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Said);
      resolve({ said, status: child.signalCode ?? child.exitCode ?? -1, stderr });
    });
  });
}

const node = (scenario: string, env: Readonly<Record<string, string>>) =>
  run(process.execPath, [program, scenario], env);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function runRanks(scenario: string, { numRanks = 2, timeoutSeconds = 30 } = {}) {
  const port = await freePort();
  const common = {
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: `${port}`,
    WORLD_SIZE: `${numRanks}`,
    TIMEOUT: `${timeoutSeconds}`,
  };
  const ranks = Array.from({ length: numRanks }, (_, rank) => node(scenario, { ...common, RANK: `${rank}` }));
  return Promise.all(ranks);
}

/** What each rank said, where all of them ended well. */
async function results<Result>(scenario: string, numRanks = 2): Promise<Result[]> {
  const ranks = await runRanks(scenario, { numRanks });
  for (const { said, status, stderr } of ranks) assert.equal(status, 0, JSON.stringify(said) + stderr);
  assert.deepEqual(
    ranks.map(({ said }) => said[0]?.rank),
    Array.from(ranks.keys()),
  );
  return ranks.map(({ said }) => said[0]?.result as Result);
}

function assertClose(actual: unknown, expected: unknown): void {
  const flat = (value: unknown): unknown[] => [value].flat(Number.POSITIVE_INFINITY);
  const [a, b] = [flat(actual), flat(expected)];
  assert.equal(a.length, b.length);
  a.forEach((value, i) => {
    if (b[i] === null) assert.equal(value, null);
    else assert.ok(Math.abs((value as number) - (b[i] as number)) < 1e-6, `${value} is not ${b[i]}`);
  });
}

describe("ranks", { concurrency: 2, skip: !isBuilt }, () => {
  test("sums, averages, maxima and broadcasts over three ranks", async () => {
    const expected = { sum: [6, 60], average: [1, 3], max: [2, 0], first: [5, 6] };
    assert.deepEqual(await results("collectives", 3), [expected, expected, expected]);
  });

  test("gathered rows lead each loss's gradient back to the rank that they came from", async () => {
    // Row i of all four is x_i; rank r's loss is the sum of i * 10^r * x_i^2, so x_i gets 2 * 11 * i * x_i.
    const [first, second] = await results<{ shape: number[]; whole: number[]; gradient: number[] }>("gather");
    assert.deepEqual(first, { shape: [4, 1], whole: [1, 2, 2, 3], gradient: [22, 88] });
    assert.deepEqual(second, { ...first, gradient: [132, 264] });
  });

  test("averaged gradients, accumulated over two losses, are one process's on all rows", async () => {
    const [ranks, joint] = await Promise.all([
      results<{ weights: number[][]; steps: { own: number[]; gradients: number[][] }[] }>("reducer"),
      node("joint", {}),
    ]);
    const expected = joint.said[0] as unknown as number[][][];
    assert.equal(expected.length, 3);
    for (const { weights, steps } of ranks) {
      assert.deepEqual(weights, [[0.5, -0.25, 1, 0.75], [0.125, -1], [7]], "rank 0's weights");
      assertClose(
        steps.map(({ gradients }) => gradients),
        expected,
      );
    }
    // The first of two losses stays with its rank.
    assert.notDeepEqual(ranks[0]?.steps[0]?.own, ranks[1]?.steps[0]?.own);
  });

  test("gathering and reducing go together in one backward", async () => {
    // o = (r+1) w0 - w1 = -1.5 and -1; the losses add up to (o0 + o1)^2, and half its gradient is (o0 + o1) (3, -2).
    assert.deepEqual(await results("both"), [
      [-7.5, 5],
      [-7.5, 5],
    ]);
  });

  test("a killed rank ends the others with its number", async () => {
    const [first, second, third] = await runRanks("the last rank is killed", { numRanks: 3 });
    assert.equal(third?.status, "SIGKILL");
    for (const rank of [first, second]) {
      assert.equal(rank?.status, 1);
      assert.equal(rank?.stderr, "");
      assert.equal(rank?.said[0]?.code, "ERR_RANK_LOST");
      assert.match(rank?.said[0]?.message ?? "", /rank 2 is gone|meeting point/);
      assert.match(rank?.said[0]?.hint ?? "", /^Seen here: \w.*--resume/);
    }
    assert.match(first?.said[0]?.message ?? "", /^Rank 0 cannot go on: rank 2 is gone: its process ended/);
  });

  test("so it does in the midst of a backward pass", async () => {
    const [first] = await runRanks("rank 1 is killed in backward");
    assert.equal(first?.said[0]?.code, "ERR_RANK_LOST");
    assert.match(first?.said[0]?.message ?? "", /rank 1 is gone/);
  });

  test("and when it is the rank that the others meet at", async () => {
    const [, second] = await runRanks("the host is killed");
    assert.equal(second?.said[0]?.code, "ERR_RANK_LOST");
    assert.match(second?.said[0]?.message ?? "", /meeting point \(rank 0, or torchrun's agent\) is gone/);
    assert.equal(second?.stderr, "");
  });

  test("a rank that hangs is waited for no longer than the time limit", async () => {
    const [first] = await runRanks("rank 1 hangs", { timeoutSeconds: 2 });
    assert.equal(first?.said[0]?.code, "ERR_RANK_LOST");
    assert.match(first?.said[0]?.message ?? "", /rank 1 is alive but did not come here in time/);
  });

  test("a wrong argument is no loss of a rank", async () => {
    const [first, second] = await runRanks("a wrong argument");
    for (const rank of [first, second]) {
      assert.equal(rank?.said[0]?.code, "ERR_TORCH");
      assert.match(rank?.said[0]?.message ?? "", /an average needs a floating-point tensor/);
    }
  });

  test("ranks that do not come are named", async () => {
    const env = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${await freePort()}`, WORLD_SIZE: "3", TIMEOUT: "2" };
    const [host, guest] = await Promise.all([
      node("collectives", { ...env, RANK: "0" }),
      node("collectives", { ...env, RANK: "1", MASTER_PORT: `${await freePort()}` }),
    ]);
    assert.equal(host.said[0]?.code, "ERR_DISTRIBUTED_CONNECT");
    assert.match(host.said[0]?.message ?? "", /^Rank 0 of 3 did not meet .* within 2 s: no sign of rank 1, 2\.$/);
    assert.equal(guest.said[0]?.code, "ERR_DISTRIBUTED_CONNECT");
    assert.match(guest.said[0]?.hint ?? "", /Is rank 0 started/);
    assert.equal(host.stderr + guest.stderr, "");
  });

  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const torchrun = folders.map((folder) => join(folder, "torchrun")).find((path) => existsSync(path));
  test("torchrun starts the ranks, and starts them again", {
    skip: torchrun === undefined && "no torchrun in PATH",
  }, async () => {
    const args = ["--no-python", "--standalone", "--nproc-per-node=2", "--max-restarts=1", process.execPath, program];
    const { said, status, stderr } = await run(torchrun!, [...args, "second start"], {});
    assert.equal(status, 0, stderr);
    const good = said.filter(({ result }) => result !== undefined).map(({ rank, result }) => ({ rank, result }));
    good.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
    assert.deepEqual(
      good,
      [0, 1].map((rank) => ({ rank, result: { start: "1", sum: [2] } })),
    );
  });
});

test("one process alone is told how to start several", () => {
  assert.throws(() => joinProcessGroup({ device: "cpu", env: {} }), {
    code: "ERR_DISTRIBUTED_ENV",
    hint: /torchrun.*srun/,
  });
});

test("a build without gloo says how to get it", { skip: isBuilt }, () => {
  const env = { RANK: "0", WORLD_SIZE: "1", MASTER_ADDR: "127.0.0.1", MASTER_PORT: "29500" };
  assert.throws(() => joinProcessGroup({ device: "cpu", env }), {
    code: "ERR_DISTRIBUTED_MISSING",
    hint: /MEDSSL_TORCH/,
  });
});
