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
    .option("--threads <n>", "threads of an operator on the CPU", integerFrom(1, 1024), availableParallelism())
    .option("--json", "the result as one JSON object on stdout");
}

/** Loads libtorch's package for the device and the threads that were asked for; before anything else computes. */
export async function prepareCompute({ device, threads }: ComputeOptions): Promise<void> {
  const { setNumThreads, useDevice } = await import("@medssl/torch");
  useDevice(device);
  setNumThreads(threads);
}

/** Meets the other processes, where a launcher started several; in place of `prepareCompute`. */
export async function joinOthers({ device, threads }: ComputeOptions): Promise<ProcessGroup | undefined> {
  const { isDistributed, joinProcessGroup, setNumThreads, useDevice } = await import("@medssl/torch");
  if (!isDistributed(process.env)) return undefined;
  useDevice(device);
  setNumThreads(threads);
  return joinProcessGroup({ device });
}
