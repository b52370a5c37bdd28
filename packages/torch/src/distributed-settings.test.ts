import assert from "node:assert/strict";
import { test } from "node:test";
import { distributedSettings, isDistributed } from "./index.ts";

const torchrun = { RANK: "3", WORLD_SIZE: "8", LOCAL_RANK: "1", MASTER_ADDR: "gpu07", MASTER_PORT: "29500" };
const slurm = {
  SLURM_JOB_ID: "123456",
  SLURM_STEP_ID: "0",
  SLURM_PROCID: "5",
  SLURM_LOCALID: "1",
  SLURM_NTASKS: "8",
  SLURM_STEP_NUM_TASKS: "8",
  SLURM_STEP_NODELIST: "gpu[03-04]",
};

test("one process by itself is no group", () => {
  assert.equal(distributedSettings({}), undefined);
  assert.equal(isDistributed({ MASTER_ADDR: "gpu07", MASTER_PORT: "29500", LOCAL_RANK: "0" }), false);
});

test("torchrun's variables", () => {
  const expected = {
    rank: 3,
    worldSize: 8,
    localRank: 1,
    host: "gpu07",
    port: 29500,
    isHost: false,
  };
  assert.deepEqual(distributedSettings(torchrun), expected);
  assert.equal(isDistributed(torchrun), true);
  assert.equal(distributedSettings({ ...torchrun, RANK: "0" })?.isHost, true);
  assert.equal(distributedSettings({ ...torchrun, LOCAL_RANK: undefined })?.localRank, 0);
});

test("a meeting point of torchrun's agent is connected to by all ranks", () => {
  const elastic = { TORCHELASTIC_USE_AGENT_STORE: "True" };
  const settings = distributedSettings({ ...torchrun, ...elastic, RANK: "0" });
  assert.equal(settings?.isHost, false);
});

test("torchrun within Slurm goes before Slurm", () => {
  assert.equal(distributedSettings({ ...slurm, ...torchrun })?.rank, 3);
});

test("a step of Slurm meets at its first node, at a port of the job", () => {
  const expected = {
    rank: 5,
    worldSize: 8,
    localRank: 1,
    host: "gpu03",
    port: 13456,
    isHost: false,
  };
  assert.deepEqual(distributedSettings(slurm), expected);
  assert.equal(distributedSettings({ ...slurm, SLURM_PROCID: "0" })?.isHost, true);
  const chosen = distributedSettings({ ...slurm, MASTER_ADDR: "10.0.0.1", MASTER_PORT: "4000" });
  assert.deepEqual([chosen?.host, chosen?.port], ["10.0.0.1", 4000]);
});

test("Slurm's ways to write a list of nodes", () => {
  const hostOf = (nodes: string) => distributedSettings({ ...slurm, SLURM_STEP_NODELIST: nodes })?.host;
  assert.equal(hostOf("gpu1"), "gpu1");
  assert.equal(hostOf("gpu1,gpu2"), "gpu1");
  assert.equal(hostOf("gpu[007,009-12],login"), "gpu007");
  assert.equal(hostOf("rack2-gpu[1-2]-ib,x"), "rack2-gpu1-ib");
  const { SLURM_STEP_NODELIST: _, ...noList } = slurm;
  assert.equal(distributedSettings({ ...noList, SLURM_LAUNCH_NODE_IPADDR: "10.1.2.3" })?.host, "10.1.2.3");
});

test("a batch script or a shell of Slurm is one process", () => {
  assert.equal(isDistributed({ ...slurm, SLURM_STEP_ID: undefined }), false);
  assert.equal(isDistributed({ ...slurm, SLURM_STEP_NUM_TASKS: "1" }), false);
});

test("half of the variables, and what is no number, are refused by name", () => {
  const refused = (env: Record<string, string | undefined>, message: RegExp) =>
    assert.throws(() => distributedSettings(env), { code: "ERR_DISTRIBUTED_ENV", message, hint: /torchrun|srun/ });
  refused({ RANK: "0" }, /WORLD_SIZE is not set, though RANK is\./);
  refused({ ...torchrun, RANK: undefined }, /RANK is not set, though WORLD_SIZE, MASTER_ADDR, MASTER_PORT are\./);
  refused({ ...torchrun, MASTER_ADDR: "" }, /MASTER_ADDR is not set/);
  refused({ ...torchrun, MASTER_PORT: "70000" }, /MASTER_PORT="70000".*from 1 to 65535/);
  refused({ ...torchrun, RANK: "-1" }, /RANK="-1".*whole number from 0/);
  refused({ ...torchrun, WORLD_SIZE: "0" }, /WORLD_SIZE="0".*from 1/);
  refused({ ...torchrun, RANK: "8" }, /RANK=8 is not below WORLD_SIZE=8/);
  refused({ ...slurm, SLURM_LOCALID: "x" }, /SLURM_LOCALID="x"/);
});
