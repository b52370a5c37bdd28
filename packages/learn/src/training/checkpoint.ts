/**
 * A run's whole state in one file: parameters, optimiser, running means, generators, the loader's position.
 *
 * Resuming is bit-equal on the CPU. Two checkpoints are kept. A new one is written beside them, and takes the last one's place
 * when it is whole: a kill at any moment leaves a whole one, and of a damaged one the run goes back to the one before.
 * Errors  `ERR_RUN_SETTINGS` when the file is another recipe's or another data set's, `ERR_CHECKPOINT_DAMAGED` when neither
 *         can be read, `ERR_DISK_SPACE` before a disk is full.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type RunListener } from "@medssl/contract";
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
import type { Progress } from "./loop.ts";
import { checkpointPath, truncateMetrics } from "./run-directory.ts";
import { requireSameSettings } from "./same-settings.ts";

/** What is kept beside the parameters: the optimiser, a running mean. */
interface Stateful {
  /** The tensors themselves, by name. */
  stateTensors(): [string, Tensor][];
}

/** What a checkpoint is made from, and put back into. */
export interface Trained {
  /** Parameters by name. */
  readonly parameters: readonly (readonly [string, Tensor])[];
  readonly states: readonly Stateful[];
  /** The loaders, whose places are kept. */
  readonly samplers: readonly { state: SamplerState }[];
  readonly device: Device;
  /** What must be equal for resuming to make sense: recipe and data. */
  readonly identity: object;
}

/** Of a new checkpoint beside the old ones, in bytes left on the disk. */
const SPARE_BYTES = 16e6;

/** @param listen Told when the disk is getting full. */
export function writeCheckpoint(dir: string, trained: Trained, { step, seconds }: Progress, listen: RunListener): void {
  scope(() => {
    const tensors = namedTensors(trained);
    tensors.push(["generator.cpu", generatorState("cpu")]);
    if (trained.device !== "cpu") tensors.push(["generator.device", generatorState(trained.device)]);
    guardDisk(dir, sizeBytes(tensors), listen);
    const state = { step, seconds, samplers: trained.samplers.map((sampler) => sampler.state) };
    writeSafetensors(checkpointPath(dir, "next"), tensors, {
      state: JSON.stringify(state),
      identity: JSON.stringify(trained.identity),
    });
  });
  if (existsSync(checkpointPath(dir))) renameSync(checkpointPath(dir), checkpointPath(dir, "previous"));
  renameSync(checkpointPath(dir, "next"), checkpointPath(dir));
}

function namedTensors({ parameters, states }: Trained): [string, Tensor][] {
  return [
    ...parameters.map(([name, tensor]): [string, Tensor] => [name, tensor]),
    ...states.flatMap((s) => s.stateTensors()),
  ];
}

const sizeBytes = (tensors: readonly (readonly [string, Tensor])[]): number =>
  tensors.reduce((sum, [, { numel }]) => sum + 4 * numel, 0);

function guardDisk(dir: string, bytes: number, listen: RunListener): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
  if (free < bytes + SPARE_BYTES) {
    const kept = existsSync(checkpointPath(dir)) ? `The last checkpoint is kept: ${checkpointPath(dir)}. ` : "";
    throw new MedsslError(
      "ERR_DISK_SPACE",
      `${dir}: no room for a checkpoint: it takes ${megabytes(bytes)}, and ${megabytes(SPARE_BYTES)} are to be left; the disk has ${megabytes(free)}`,
      { hint: `${kept}Make room and go on with --resume.` },
    );
  }
  if (free < 4 * bytes + SPARE_BYTES) {
    const message = `the disk of ${dir} is nearly full: ${megabytes(free)} are left, a checkpoint needs ${megabytes(bytes)}`;
    listen({ type: "note", level: "warning", message });
  }
}

export interface ResumeOptions {
  readonly isResumed: boolean;
  /** Whether this process writes to the folder. @default true */
  readonly writes?: boolean;
  readonly listen: RunListener;
}

/** Takes up the folder's checkpoint if there is one and resuming was asked for. @returns Where the run begins. */
export function resumeOrStart(
  dir: string,
  trained: Trained,
  { isResumed, writes = true, listen }: ResumeOptions,
): Progress {
  const progress = (isResumed ? readNewest(dir, trained, listen) : undefined) ?? { step: 0, seconds: 0 };
  if (writes) {
    mkdirSync(dir, { recursive: true });
    // What a kill left half written; the folder is this process's own.
    for (const name of readdirSync(dir)) if (name.endsWith(".part")) rmSync(join(dir, name), { force: true });
    truncateMetrics(dir, progress.step);
    guardDisk(dir, sizeBytes(namedTensors(trained)), listen);
  }
  return progress;
}

/** The newest checkpoint that is whole. */
function readNewest(dir: string, trained: Trained, listen: RunListener): Progress | undefined {
  const paths = (["next", "last", "previous"] as const).map((which) => checkpointPath(dir, which)).filter(existsSync);
  let damage: MedsslError | undefined;
  for (const path of paths) {
    try {
      const progress = readCheckpoint(path, trained);
      if (damage !== undefined) {
        const message = `${damage.message}: going on from the checkpoint before it, of step ${progress.step}`;
        listen({ type: "note", level: "warning", message });
      }
      return progress;
    } catch (cause) {
      if (!(cause instanceof MedsslError) || cause.code !== "ERR_CHECKPOINT_DAMAGED") throw cause;
      damage ??= cause;
    }
  }
  if (damage !== undefined) throw damage;
  return undefined;
}

/** Puts everything back. @returns Steps done and seconds spent so far. */
function readCheckpoint(path: string, trained: Trained): Progress {
  return scope(() => {
    const { tensors, metadata } = openCheckpoint(path);
    const { state, identity } = readMetadata(path, metadata);
    requireSameSettings(path, identity, trained.identity);
    requireTensors(path, tensors, trained);
    noGrad(() => {
      for (const [name, own] of namedTensors(trained)) own.copy_(tensors.get(name)!);
    });
    // Cloned: the generator takes over the memory that it is given, which here belongs to the file.
    setGeneratorState(tensors.get("generator.cpu")!.clone(), "cpu");
    const deviceState = tensors.get("generator.device"); // none where the run was on the CPU until now
    if (trained.device !== "cpu" && deviceState) setGeneratorState(deviceState.clone(), trained.device);
    const { step, seconds, samplers } = state;
    for (const [i, sampler] of trained.samplers.entries()) sampler.state = samplers[i]!;
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

interface CheckpointState extends Progress {
  readonly samplers: readonly SamplerState[];
}

function readMetadata(path: string, metadata: Safetensors["metadata"]): { state: CheckpointState; identity: unknown } {
  try {
    const state: CheckpointState = JSON.parse(metadata["state"]!);
    if (!state.samplers.every(({ groups }) => Array.isArray(groups))) throw new TypeError("no place in the data");
    return { state, identity: JSON.parse(metadata["identity"]!) };
  } catch (cause) {
    throw damagedCheckpoint(path, `${path}: it does not say which run it is of`, cause);
  }
}

/** Before anything is put back: half of a state is worse than none. */
function requireTensors(path: string, tensors: Safetensors["tensors"], trained: Trained): void {
  const own = namedTensors(trained);
  const missing = [...own.map(([name]) => name), "generator.cpu"].find((name) => !tensors.has(name));
  if (missing !== undefined) throw damagedCheckpoint(path, `${path}: tensor "${missing}" is missing`);
  const other = own.find(([name, { shape }]) => shape.join() !== tensors.get(name)!.shape.join());
  if (other === undefined) return;
  const [name, { shape }] = other;
  throw new MedsslError(
    "ERR_RUN_SETTINGS",
    `${path} is of another network: ${name} has the shape [${tensors.get(name)!.shape.join(", ")}], expected [${shape.join(", ")}].`,
    { hint: "Use the settings that it was written with, or another --out." },
  );
}

function damagedCheckpoint(path: string, message: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_CHECKPOINT_DAMAGED", message, {
    hint: `The checkpoint is damaged. Delete ${path}: the run then starts from its beginning.`,
    cause,
  });
}
