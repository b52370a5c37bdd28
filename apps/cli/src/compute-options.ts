/**
 * Options that every command which computes has: device, threads, JSON.
 */
import { availableParallelism } from "node:os";
import type { ProcessGroup } from "@medssl/torch";
import type { Command } from "commander";
import { integerFrom } from "./option-values.ts";

export interface ComputeOptions {
  readonly device: string;
  readonly threads: number;
  readonly json?: true;
}

export function withComputeOptions(command: Command): Command {
  return command
    .option("--device <device>", "cpu, cuda, cuda:1, ...", "cpu")
    .option("--threads <n>", "threads of an operator on the CPU", integerFrom(1, 1024), usualThreads())
    .option("--json", "the result as one JSON object on stdout");
}

/** All processors, shared with the other processes that a launcher started on this machine. */
function usualThreads(): number {
  const processes = Number(process.env["LOCAL_WORLD_SIZE"] ?? process.env["SLURM_NTASKS_PER_NODE"]) || 1;
  return Math.max(1, Math.floor(availableParallelism() / processes));
}

/** Loads libtorch's package for the device and the threads that were asked for; before anything else computes. */
export async function prepareCompute({ device, threads }: ComputeOptions): Promise<void> {
  const { setNumThreads, useDevice } = await import("@medssl/torch");
  useDevice(device);
  setNumThreads(threads);
}

/** Meets the other processes, where a launcher started several; behind `prepareCompute`. */
export async function joinOthers(device: string): Promise<ProcessGroup | undefined> {
  const { distributedSettings, joinProcessGroup } = await import("@medssl/torch");
  const settings = distributedSettings(process.env);
  if (settings === undefined) return undefined;
  const { rank, worldSize, host, port } = settings;
  if (rank === 0) console.error(`${worldSize} processes meet at ${host}:${port}`);
  return joinProcessGroup({ device });
}
