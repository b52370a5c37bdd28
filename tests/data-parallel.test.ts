/**
 * Two processes that share each batch train as one does on the whole of it, for every method; one that dies ends the other,
 * and what was saved is gone on from.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { pretrainMethods } from "@medssl/contract";

const dir = mkdtempSync(join(tmpdir(), "medssl-ranks-"));
const main = new URL("../apps/cli/src/main.ts", import.meta.url).pathname;
const STEPS = 50;

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts a process; `ended` tells how it ended. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, cwd: dir });
  let stderr = "";
  child.stderr!.on("data", (text) => {
    stderr += text;
  });
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr }))) };
}

async function run(args: readonly string[]): Promise<void> {
  const { code, stderr } = await start(args).ended;
  assert.equal(code, 0, stderr);
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Two ranks of one command. */
async function startRanks(args: readonly string[]) {
  const port = String(await freePort());
  return [0, 1].map((rank) =>
    start(args, {
      RANK: String(rank),
      LOCAL_RANK: String(rank),
      WORLD_SIZE: "2",
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: port,
    }),
  );
}

const pretrainInto = (out: string, ...more: string[]) =>
  ["pretrain", "--store", "store", "--recipe", "small.json", "--threads", "1", "--out", out].concat(more);

const losses = (out: string): number[] =>
  readFileSync(join(dir, out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).loss);

before(async () => {
  await run(["phantom", "--task", "lungs", "--cases", "24", "--size", "64", "--out", "phantoms"]);
  await run(["ingest", "phantoms", "--store", "store", "--size", "64", "--modality", "xray"]);
  const recipe = {
    steps: STEPS,
    batchSize: 16,
    inputSize: 32,
    encoder: { patchSize: 8, embedDim: 32, depth: 2, numHeads: 2 },
    decoder: { embedDim: 16, depth: 1, numHeads: 2 },
    picturesEveryEpochs: 0,
  };
  writeFileSync(join(dir, "small.json"), JSON.stringify(recipe));
});

for (const method of pretrainMethods) {
  test(`${method}: two processes have the losses of one, over ${STEPS} steps`, async () => {
    await run(pretrainInto(`${method}-1`, "--set", `method=${method}`));
    const ranks = await startRanks(pretrainInto(`${method}-2`, "--set", `method=${method}`));
    for (const { code, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) assert.equal(code, 0, stderr);
    const [one, two] = [losses(`${method}-1`), losses(`${method}-2`)];
    assert.equal(two.length, STEPS);
    const apart = Math.max(...one.map((loss, i) => Math.abs(loss - two[i]!)));
    assert.ok(apart < 1e-4, `${apart}`);
    assert.ok(one[0]! - one.at(-1)! > 0.01, "it learnt something");
  });
}

test("the convolutions around a ViT: two processes have the losses of one", async () => {
  const settings = ["steps=2", "convolutions.steps=12", "convolutions.batchSize=8"].flatMap((text) => ["--set", text]);
  await run(pretrainInto("convolutions-1", ...settings));
  const ranks = await startRanks(pretrainInto("convolutions-2", ...settings));
  for (const { code, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) assert.equal(code, 0, stderr);
  const [one, two] = ["convolutions-1", "convolutions-2"].map((name) => losses(join(name, "convolutions")));
  assert.equal(two!.length, 12);
  const apart = Math.max(...one!.map((loss, i) => Math.abs(loss - two![i]!)));
  assert.ok(apart < 1e-4, `${apart}`);
});

test("X-rays and CT of four sources, drawn by weights: two processes have the losses of one", async () => {
  await run(["phantom", "--mimic", "table1", "--scale", "0.0001", "--out", "table1"]);
  const trees = ["CheXpert-v1.0-small", "mimic-cxr-jpg", "DeepLesion", "amos22"].map((name) => `table1/${name}`);
  await run(["ingest", ...trees, "--store", "mixed", "--size", "64"]);
  const settings = [
    "inputSize=32",
    "steps=12",
    "batchSize=16",
    "encoder.patchSize=8",
    "encoder.embedDim=32",
    "encoder.depth=2",
    "encoder.numHeads=2",
    "decoder.embedDim=16",
    "decoder.depth=1",
    "decoder.numHeads=2",
    'augmentation.flip=["ct"]',
    "augmentation.inversion=0.5",
    "contrast.otherImages=soft",
  ].flatMap((setting) => ["--set", setting]);
  const into = (out: string) => [
    "pretrain",
    "--store",
    "mixed",
    "--recipe",
    "mixed",
    "--threads",
    "1",
    ...settings,
    "--out",
    out,
  ];
  await run(into("mixed-1"));
  const ranks = await startRanks(into("mixed-2"));
  for (const { code, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) assert.equal(code, 0, stderr);
  const [one, two] = [losses("mixed-1"), losses("mixed-2")];
  assert.equal(two.length, 12);
  const apart = Math.max(...one.map((loss, i) => Math.abs(loss - two[i]!)));
  assert.ok(apart < 1e-4, `${apart}`);
});

test("processes with other settings than the first are refused", async () => {
  const port = String(await freePort());
  const ranks = [0, 1].map((rank) =>
    start(pretrainInto("unlike", "--set", `learningRate=0.00${rank + 1}`), {
      RANK: String(rank),
      LOCAL_RANK: String(rank),
      WORLD_SIZE: "2",
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: port,
    }),
  );
  for (const { code, stderr } of await Promise.all(ranks.map(({ ended }) => ended))) {
    assert.equal(code, 1);
    assert.match(stderr, /different settings or different data/);
  }
});

test("a rank that dies ends the other with a message, and the run goes on from its checkpoint", async () => {
  const slow = ["--set", "steps=4000", "--set", "checkpointEverySteps=10"];
  const [first, second] = await startRanks(pretrainInto("dying", ...slow));
  await new Promise<void>((resolve) => {
    first!.child.stderr!.on("data", (text) => /\d+\/4000/.test(String(text)) && resolve());
    void first!.ended.then(() => resolve());
  });
  second!.child.kill("SIGKILL");
  const { code, stderr } = await first!.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /Rank 0 cannot go on: rank 1 is gone/);
  assert.match(stderr, /--resume/);
  assert.doesNotMatch(stderr, /\n {4}at /);
  const resumed = await startRanks(pretrainInto("dying", ...slow, "--resume", "--time-limit", "6s"));
  for (const { code, stderr } of await Promise.all(resumed.map(({ ended }) => ended))) {
    assert.equal(code, 0, stderr);
    if (stderr !== "") assert.match(stderr, /resumes at step \d*0\n/);
  }
});
