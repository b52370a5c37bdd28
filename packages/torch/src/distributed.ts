/**
 * Data parallel: several processes, one a device, that train one model together, by libtorch's c10d as PyTorch does it.
 *
 * Order     A collective is one act of all ranks: every rank calls the same ones in the same order, with tensors of equal
 *           shape and type. A process is in one group at most.
 * Backend   gloo on the CPU. On CUDA NCCL where set-up could build it, else gloo through the host's memory.
 * Loss of a rank   A collective that fails ends in `ERR_RANK_LOST`, which says who did not answer; so does one that waits
 *           longer than the time limit. On CUDA a failure shows at the next call, as collectives run behind: `check()`
 *           before weights are written to a checkpoint.
 * Errors    `ERR_DISTRIBUTED_ENV`, `ERR_DISTRIBUTED_MISSING`, `ERR_DISTRIBUTED_CONNECT`, `ERR_RANK_LOST`.
 */
import { fileURLToPath } from "node:url";
import { MedsslError } from "@medssl/contract";
import { type Device, deviceCode, deviceCount } from "./device.ts";
import { type DistributedSettings, distributedSettings } from "./distributed-settings.ts";
import { buildInfo, callBuffer, type DistributedNative, native, reserveCallBuffer } from "./native.ts";
import { zeros } from "./ops/create.ts";
import { Tensor } from "./tensor.ts";

export interface JoinOptions {
  /** Of this rank: "cpu", or "cuda", which takes the GPU of this rank's number on its machine. */
  readonly device: Device;
  /**
   * How long a rank waits for the others, in seconds: longer than any one of them works by itself between two
   * collectives, so longer than writing a checkpoint. @default 600
   */
  readonly timeoutSeconds?: number;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export type Reduction = "sum" | "average" | "max";
const reductions: Readonly<Record<Reduction, number>> = { sum: 0, average: 1, max: 2 };

const ncclLibrary = fileURLToPath(new URL("../build/medssl-nccl.so", import.meta.url));

/** Waits until all ranks that the launcher started are there, and connects them. */
export function joinProcessGroup({ device, timeoutSeconds = 600, env = process.env }: JoinOptions): ProcessGroup {
  const settings = distributedSettings(env);
  if (settings === undefined) {
    throw new MedsslError("ERR_DISTRIBUTED_ENV", "Neither RANK nor a step of Slurm says which rank this process is.", {
      hint: "Start the ranks with `torchrun --no-python --nproc-per-node N COMMAND` or `srun COMMAND`.",
    });
  }
  const distributed = requireDistributed();
  const rankDevice = deviceOfRank(device, settings.localRank);
  const [type, index] = deviceCode(rankDevice);
  const usesNccl = rankDevice.startsWith("cuda") && buildInfo().missing?.nccl === undefined;
  // NCCL would end the process by itself when a rank is lost; so it ends its work, and the next call tells.
  process.env["TORCH_NCCL_ASYNC_ERROR_HANDLING"] ??= "2";
  const { rank, worldSize, host, port, isHost } = settings;
  try {
    distributed.openStore(host, port, rank, worldSize, isHost, 1000 * timeoutSeconds);
    distributed.joinGroup(type, index, usesNccl ? ncclLibrary : "");
  } catch (cause) {
    if (!isCommunicationError(cause)) throw cause;
    distributed.leaveGroup();
    throw connectError(settings, timeoutSeconds, cause);
  }
  return new ProcessGroup(distributed, settings, rankDevice, usesNccl ? "nccl" : "gloo");
}

/** The ranks, seen from one of them. */
export class ProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  /** Among the ranks of this machine. */
  readonly localRank: number;
  /** Where this rank's tensors are. */
  readonly device: Device;
  readonly backend: "gloo" | "nccl";
  readonly #native: DistributedNative;

  /** For `joinProcessGroup`. */
  constructor(native: DistributedNative, settings: DistributedSettings, device: Device, backend: "gloo" | "nccl") {
    this.#native = native;
    this.rank = settings.rank;
    this.worldSize = settings.worldSize;
    this.localRank = settings.localRank;
    this.device = device;
    this.backend = backend;
  }

  /** Sum, average or largest of each element over the ranks, in place. Returns the tensor. */
  allReduce(tensor: Tensor, reduction: Reduction = "sum"): Tensor {
    this.#communicate(() => this.#native.allReduce(tensor.handle, reductions[reduction]));
    return tensor;
  }

  /**
   * [n, ...] of every rank as [worldSize * n, ...], in the order of ranks. Differentiable: a rank's part gets the sum of
   * what the losses of all ranks want of it. Backward is a collective too, so it has to run on all ranks.
   */
  allGather(part: Tensor): Tensor {
    return new Tensor(this.#communicate(() => this.#native.allGather(part.handle)));
  }

  /** Rank 0's values on all ranks, in place. Returns the tensor. */
  broadcast(tensor: Tensor): Tensor {
    this.#communicate(() => this.#native.broadcast(tensor.handle));
    return tensor;
  }

  /** Waits until all ranks are here. */
  barrier(): void {
    const count = zeros([1], { device: this.device });
    this.allReduce(count).toTypedArray(); // waits for CUDA too
    count.dispose();
  }

  /** Throws where a rank was lost meanwhile; says nothing about ranks that are slow. */
  check(): void {
    this.#communicate(() => this.#native.checkGroup());
  }

  /** Ends the group, when all ranks are done: the last act of each. */
  leave(): void {
    this.barrier();
    this.#native.leaveGroup();
  }

  /** A reducer of this group; for `GradientReducer`. */
  createReducer(parameters: readonly Tensor[]): {
    backward(loss: Tensor, isReduced: boolean): void;
    dispose(): void;
  } {
    reserveCallBuffer(parameters.length);
    callBuffer.set(parameters.map(({ handle }) => handle));
    const index = this.#communicate(() => this.#native.createReducer(parameters.length));
    return {
      backward: (loss, isReduced) =>
        this.#communicate(() => this.#native.reducedBackward(index, loss.handle, isReduced)),
      dispose: () => this.#native.disposeReducer(index),
    };
  }

  #communicate<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (cause) {
      if (!isCommunicationError(cause)) throw cause;
      throw new MedsslError("ERR_RANK_LOST", `Rank ${this.rank} cannot go on: ${this.#native.whoIsLost()}.`, {
        hint: `Seen here: ${reasonOf(cause)}. What the lost rank wrote last says why; start the run again with --resume (torchrun --max-restarts does it by itself).`,
        cause,
      });
    }
  }
}

function requireDistributed(): DistributedNative {
  if (native.openStore !== undefined) return native as DistributedNative;
  const reason = buildInfo().missing?.gloo;
  throw new MedsslError(
    "ERR_DISTRIBUTED_MISSING",
    `This build cannot train on several devices${reason ? `: ${reason}` : "."}`,
    {
      hint: "Point MEDSSL_TORCH to a libtorch with c10d and gloo, as PyTorch's wheels have it, and run `npm run setup`.",
    },
  );
}

/** "cuda" is the GPU of the rank's number; where the launcher shows each rank only its own, that one. */
function deviceOfRank(device: Device, localRank: number): Device {
  if (device !== "cuda") return device;
  return `cuda:${deviceCount("cuda") === 1 ? 0 : localRank}`;
}

const isCommunicationError = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_COMMUNICATION";

/** The first sentence of c10d's or gloo's message, without the place in their sources. */
function reasonOf(cause: unknown): string {
  const [line = ""] = (cause as Error).message.split("\n");
  return line
    .replace(/^\w+: /, "")
    .replace(/^\[[^\]]*\] /, "")
    .split(". ")[0]!;
}

function connectError(settings: DistributedSettings, timeoutSeconds: number, cause: unknown): MedsslError {
  const { rank, worldSize, host, port, isHost } = settings;
  const place = `${host}:${port}`;
  return new MedsslError(
    "ERR_DISTRIBUTED_CONNECT",
    `Rank ${rank} of ${worldSize} did not meet the others at ${place} within ${timeoutSeconds} s: ${reasonOf(cause)}.`,
    {
      hint: isHost
        ? "Are all ranks started, and is the port free (MASTER_PORT) and open between the machines?"
        : `Is rank 0 started, and does ${host} lead to its machine from here, with the port open (MASTER_ADDR, MASTER_PORT)?`,
      cause,
    },
  );
}
