/**
 * A run's whole state in one file: parameters, optimiser, generators, the loader's position.
 *
 * Resuming is bit-equal on the CPU. The file is written beside the old one and renamed: a kill at any moment leaves one
 * of the two whole.
 * Errors  `ERR_CHECKPOINT_FOREIGN` when the file is another recipe's or another data set's.
 */

import { existsSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import {
  type Device,
  generatorState,
  noGrad,
  readSafetensors,
  scope,
  setGeneratorState,
  type Tensor,
  writeSafetensors,
} from "@medssl/torch";
import type { SamplerState } from "../data/sampler.ts";
import type { AdamW } from "../optim/adamw.ts";
import { checkpointPath, truncateMetrics } from "./run-directory.ts";

/** What a checkpoint is made from, and put back into. */
export interface Trained {
  /** Parameters by name. */
  readonly parameters: readonly (readonly [string, Tensor])[];
  readonly optimizer: AdamW;
  readonly sampler: { state: SamplerState };
  readonly device: Device;
  /** What must be equal for resuming to make sense: recipe and data, as one text. */
  readonly identity: string;
}

interface Progress {
  readonly step: number;
  readonly seconds: number;
}

export function writeCheckpoint(path: string, trained: Trained, { step, seconds }: Progress): void {
  scope(() => {
    const tensors: (readonly [string, Tensor])[] = [
      ...trained.parameters,
      ...trained.optimizer.stateTensors(),
      ["generator.cpu", generatorState("cpu")],
    ];
    if (trained.device !== "cpu") tensors.push(["generator.device", generatorState(trained.device)]);
    const state = { step, seconds, sampler: trained.sampler.state };
    writeSafetensors(path, tensors, { state: JSON.stringify(state), identity: trained.identity });
  });
}

/** Takes up the folder's checkpoint if there is one and resuming was asked for. @returns Where the run begins. */
export function resumeOrStart(dir: string, trained: Trained, isResumed: boolean): Progress {
  const path = checkpointPath(dir);
  const progress = isResumed && existsSync(path) ? readCheckpoint(path, trained) : { step: 0, seconds: 0 };
  truncateMetrics(dir, progress.step);
  return progress;
}

/** Puts everything back. @returns Steps done and seconds spent so far. */
function readCheckpoint(path: string, trained: Trained): Progress {
  return scope(() => {
    const { tensors, metadata } = readSafetensors(path);
    if (metadata["identity"] !== trained.identity) {
      throw new MedsslError(
        "ERR_CHECKPOINT_FOREIGN",
        `${path} was written by a run with other settings or other data.`,
        {
          hint: `${firstDifference(metadata["identity"] ?? "", trained.identity)} Use the same settings and stores, or another --out.`,
        },
      );
    }
    noGrad(() => {
      for (const [name, parameter] of trained.parameters) parameter.copy_(tensors.get(name)!);
    });
    trained.optimizer.loadStateTensors(tensors);
    // Cloned: the generator takes over the memory that it is given, which here belongs to the file.
    setGeneratorState(tensors.get("generator.cpu")!.clone(), "cpu");
    if (trained.device !== "cpu") setGeneratorState(tensors.get("generator.device")!.clone(), trained.device);
    const { step, seconds, sampler } = JSON.parse(metadata["state"]!);
    trained.sampler.state = sampler;
    return { step, seconds };
  });
}

/** The first setting that differs, in words. */
function firstDifference(before: string, now: string): string {
  try {
    const flatten = (value: unknown, path = ""): [string, string][] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, item]) => flatten(item, path === "" ? key : `${path}.${key}`))
        : [[path, JSON.stringify(value)]];
    const old = new Map(flatten(JSON.parse(before)));
    const changed = flatten(JSON.parse(now)).find(([path, value]) => old.get(path) !== value);
    return changed === undefined ? "" : `${changed[0]} was ${old.get(changed[0])} and is ${changed[1]} now.`;
  } catch {
    return "";
  }
}
