/**
 * Options that every command which computes has: device, threads, recipe settings, JSON.
 */
import { availableParallelism } from "node:os";
import { MedsslError, withSettings } from "@medssl/contract";
import { type Command, InvalidArgumentError } from "commander";

export interface ComputeOptions {
  readonly device: string;
  readonly threads: number;
  readonly json?: boolean;
}

export function withComputeOptions(command: Command): Command {
  return command
    .option("--device <device>", "cpu, cuda, cuda:1, ...", "cpu")
    .option("--threads <n>", "threads of an operator on the CPU", wholeNumber, availableParallelism())
    .option("--json", "the result as one JSON object on stdout");
}

/** Repeatable `--set field=value`. */
export const collected = (value: string, before: readonly string[] = []): string[] => [...before, value];

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}

/** "10%" or "10": percent of the training patients. */
export function percent(text: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError("Expected a percentage, such as 10%.");
  return value;
}

/** Loads libtorch's package for the device and the threads that were asked for; before anything else computes. */
export async function prepareCompute({ device, threads }: ComputeOptions): Promise<void> {
  const { setNumThreads, useDevice } = await import("@medssl/torch");
  useDevice(device);
  setNumThreads(Math.max(1, threads));
}

/** The settings of one stage from `--set stage.field=value`, stages told apart by the first word. */
export function stageSettings(
  settings: Readonly<Record<string, unknown>>,
  assignments: readonly string[],
  stage: string,
  stages: readonly string[],
): Record<string, unknown> {
  for (const assignment of assignments) {
    if (!stages.some((name) => assignment.startsWith(`${name}.`))) {
      throw new MedsslError(
        "ERR_SETTING",
        `--set expects ${stages.join(".field=value or ")}.field=value, got "${assignment}"`,
        {
          hint: `Example: --set ${stages[0]}.steps=350`,
        },
      );
    }
  }
  const own = assignments.filter((assignment) => assignment.startsWith(`${stage}.`));
  return withSettings(
    settings,
    own.map((assignment) => assignment.slice(stage.length + 1)),
  );
}
