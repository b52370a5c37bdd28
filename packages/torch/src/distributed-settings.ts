/**
 * Which rank of which group this process is, as its launcher says in the environment: torchrun, Slurm's srun, or anything
 * that sets RANK and WORLD_SIZE as they do (Kubernetes operators).
 *
 * torchrun   RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT. Its agent may hold the meeting point itself
 *            (TORCHELASTIC_USE_AGENT_STORE); all ranks then connect to it.
 * Slurm      SLURM_PROCID, SLURM_LOCALID and the number of tasks, inside a step (srun) only: a batch script has them too,
 *            but is one process. The meeting point is the step's first node, where task 0 runs, at a port made from the
 *            job's number; MASTER_ADDR and MASTER_PORT go before.
 * Errors     `ERR_DISTRIBUTED_ENV`.
 */
import { MedsslError } from "@medssl/contract";

type Environment = Readonly<Record<string, string | undefined>>;

export interface DistributedSettings {
  readonly rank: number;
  readonly worldSize: number;
  /** Among the ranks of this machine: the index of its GPU. */
  readonly localRank: number;
  readonly host: string;
  readonly port: number;
  /** Whether this process opens the meeting point; else it connects to it. */
  readonly isHost: boolean;
}

/** Whether a launcher started this process as one of several. */
export function isDistributed(env: Environment): boolean {
  return distributedSettings(env) !== undefined;
}

/** What the launcher says; undefined where there is none. */
export function distributedSettings(env: Environment): DistributedSettings | undefined {
  if (env["RANK"] !== undefined || env["WORLD_SIZE"] !== undefined) return torchrunSettings(env);
  const numTasks = env["SLURM_STEP_NUM_TASKS"] ?? env["SLURM_NTASKS"];
  if (env["SLURM_STEP_ID"] === undefined || env["SLURM_PROCID"] === undefined || numTasks === "1") return undefined;
  return slurmSettings({ ...env, SLURM_NTASKS: numTasks });
}

function torchrunSettings(env: Environment): DistributedSettings {
  const rank = integer(env, "RANK", 0);
  const isAgentHost = env["TORCHELASTIC_USE_AGENT_STORE"] === "True";
  return {
    rank,
    worldSize: worldSize(env, "WORLD_SIZE", rank, "RANK"),
    localRank: env["LOCAL_RANK"] === undefined ? 0 : integer(env, "LOCAL_RANK", 0),
    host: required(env, "MASTER_ADDR"),
    port: integer(env, "MASTER_PORT", 1, 65535),
    isHost: rank === 0 && !isAgentHost,
  };
}

function slurmSettings(env: Environment): DistributedSettings {
  const rank = integer(env, "SLURM_PROCID", 0);
  const job = integer({ SLURM_JOB_ID: "0", ...env }, "SLURM_JOB_ID", 0);
  const nodes = env["SLURM_STEP_NODELIST"] ?? env["SLURM_JOB_NODELIST"] ?? env["SLURM_NODELIST"];
  const host = env["MASTER_ADDR"] ?? (nodes ? firstNode(nodes) : required(env, "SLURM_LAUNCH_NODE_IPADDR"));
  return {
    rank,
    worldSize: worldSize(env, "SLURM_NTASKS", rank, "SLURM_PROCID"),
    localRank: integer(env, "SLURM_LOCALID", 0),
    host,
    // Below the ports that systems hand out by themselves, and another one for another job on the same node.
    port: env["MASTER_PORT"] === undefined ? 10_000 + (job % 20_000) : integer(env, "MASTER_PORT", 1, 65535),
    isHost: rank === 0,
  };
}

/** The first of Slurm's node list: "gpu[03-06,9],login" is gpu03. */
function firstNode(nodes: string): string {
  const [, prefix, digits = "", suffix = ""] = /^([^,[]+)(?:\[(\d+)[^\]]*\]([^,[]*))?/.exec(nodes) ?? [];
  return `${prefix}${digits}${suffix}`;
}

function worldSize(env: Environment, name: string, rank: number, rankName: string): number {
  const size = integer(env, name, 1);
  if (rank < size) return size;
  throw environmentError(`${rankName}=${rank} is not below ${name}=${size}: ranks are counted from 0.`);
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== "") return value;
  const others = ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SLURM_PROCID"].filter((key) => env[key]);
  throw environmentError(`${name} is not set, though ${others.join(", ")} ${others.length === 1 ? "is" : "are"}.`);
}

function integer(env: Environment, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const text = required(env, name);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a number from ${least} to ${most}`;
  throw environmentError(`${name}="${text}" in the environment: expected ${range}.`);
}

function environmentError(message: string): MedsslError {
  return new MedsslError("ERR_DISTRIBUTED_ENV", message, {
    hint: "Start all ranks with `torchrun --no-python` or `srun`, which set these variables; for one process, unset them (unset RANK WORLD_SIZE).",
  });
}
