/**
 * A run's whole state in one file: parameters, optimiser, generators, the loader's position.
 *
 * Resuming is bit-equal on the CPU. The file is written beside the old one and renamed: a kill at any moment leaves one
 * of the two whole.
 * Errors  `ERR_RUN_SETTINGS` when the file is another recipe's or another data set's, `ERR_CHECKPOINT_DAMAGED`.
 */

import { existsSync, mkdirSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import {
  type Device,
  generatorState,
  noGrad,
  readSafetensors,
  type Safetensors,
  scope,
  setGeneratorState,
  type Tensor,
  writeSafetensors,
} from "@medssl/torch";
import type { SamplerState } from "../data/sampler.ts";
import type { AdamW } from "../optim/adamw.ts";
import { checkpointPath, truncateMetrics } from "./run-directory.ts";
import { requireSameSettings } from "./same-settings.ts";

/** What a checkpoint is made from, and put back into. */
export interface Trained {
  /** Parameters by name. */
  readonly parameters: readonly (readonly [string, Tensor])[];
  readonly optimizer: AdamW;
  readonly sampler: { state: SamplerState };
  readonly device: Device;
  /** What must be equal for resuming to make sense: recipe and data. */
  readonly identity: object;
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
    writeSafetensors(path, tensors, { state: JSON.stringify(state), identity: JSON.stringify(trained.identity) });
  });
}

/** Takes up the folder's checkpoint if there is one and resuming was asked for. @returns Where the run begins. */
export function resumeOrStart(dir: string, trained: Trained, isResumed: boolean): Progress {
  mkdirSync(dir, { recursive: true });
  const path = checkpointPath(dir);
  const progress = isResumed && existsSync(path) ? readCheckpoint(path, trained) : { step: 0, seconds: 0 };
  truncateMetrics(dir, progress.step);
  return progress;
}

/** Puts everything back. @returns Steps done and seconds spent so far. */
function readCheckpoint(path: string, trained: Trained): Progress {
  return scope(() => {
    const { tensors, metadata } = openCheckpoint(path);
    requireSameSettings(path, JSON.parse(metadata["identity"] ?? "{}"), trained.identity);
    requireTensors(path, tensors, trained);
    noGrad(() => {
      for (const [name, parameter] of trained.parameters) parameter.copy_(tensors.get(name)!);
    });
    trained.optimizer.loadStateTensors(tensors);
    // Cloned: the generator takes over the memory that it is given, which here belongs to the file.
    setGeneratorState(tensors.get("generator.cpu")!.clone(), "cpu");
    const deviceState = tensors.get("generator.device"); // none where the run was on the CPU until now
    if (trained.device !== "cpu" && deviceState) setGeneratorState(deviceState.clone(), trained.device);
    const { step, seconds, sampler } = JSON.parse(metadata["state"]!);
    trained.sampler.state = sampler;
    return { step, seconds };
  });
}

function openCheckpoint(path: string): Safetensors {
  try {
    return readSafetensors(path);
  } catch (cause) {
    if (!(cause instanceof MedsslError)) throw cause;
    throw damagedCheckpoint(path, cause.message, cause);
  }
}

/** Before anything is put back: half of a state is worse than none. */
function requireTensors(path: string, tensors: Safetensors["tensors"], { parameters, optimizer }: Trained): void {
  const names = [...parameters, ...optimizer.stateTensors()].map(([name]) => name);
  const missing = [...names, "generator.cpu"].find((name) => !tensors.has(name));
  if (missing !== undefined) throw damagedCheckpoint(path, `${path}: tensor "${missing}" is missing`);
}

function damagedCheckpoint(path: string, message: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_CHECKPOINT_DAMAGED", message, {
    hint: `The checkpoint is damaged. Delete ${path}: the run then starts from its beginning.`,
    cause,
  });
}
