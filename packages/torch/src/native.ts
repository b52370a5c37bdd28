/**
 * The compiled addon: what `native/*.cc` offers, typed. Nothing else loads it.
 *
 * Set-up builds it beside this package, with `build.json` telling which libtorch it was built against.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { MedsslError } from "@medssl/contract";

interface Native {
  findOperator(name: string, overload: string): string;
  stringId(text: string): number;
  invoke(operator: number): number;
  takeResults(): void;
  setCallBuffer(words: Float64Array): void;

  backward(retainGraph: boolean): void;
  gradients(retainGraph: boolean, createGraph: boolean): void;
  gradient(tensor: number): number;
  setGradient(tensor: number, gradient: number): void;
  setRequiresGrad(tensor: number, requiresGrad: boolean): void;
  setGradMode(isEnabled: boolean): boolean;
  enterAutocast(deviceType: number, dtype: number): number;
  leaveAutocast(deviceType: number, before: number): void;

  describe(tensor: number): void;
  fromTypedArray(array: NodeJS.TypedArray, dtype: number, rank: number): number;
  toArrayBuffer(tensor: number, isShared: boolean): ArrayBuffer;
  release(count: number): void;
  adopt(tensor: number): void;
  memoryStats(): void;

  setNumThreads(count: number): void;
  numThreads(): number;
  deviceCount(deviceType: number): number;
  manualSeed(seed: number): void;
  generatorState(deviceType: number, deviceIndex: number): number;
  setGeneratorState(deviceType: number, deviceIndex: number, state: number): void;
  loadLibrary(path: string): void;
  cudaCapability(deviceIndex: number): number;
  synchronize(deviceType: number, deviceIndex: number): void;
  recordEvent(deviceType: number, deviceIndex: number): number;
  waitForEvent(event: number): void;
  peakDeviceMemory(deviceType: number, deviceIndex: number): number;
}

/** Data-parallel training, which set-up builds where it can. */
export interface DistributedNative {
  openStore(host: string, port: number, rank: number, worldSize: number, isHost: boolean, timeoutMs: number): void;
  joinGroup(deviceType: number, deviceIndex: number, ncclLibrary: string): void;
  leaveGroup(): void;
  allReduce(tensor: number, operation: number): void;
  broadcast(tensor: number): void;
  allGather(tensor: number): number;
  checkGroup(): void;
  whoIsLost(): string;
  createReducer(numParameters: number): number;
  reducedBackward(reducer: number, loss: number, isReduced: boolean): void;
  disposeReducer(reducer: number): void;
}

/** What set-up recorded about the addon and the libtorch behind it. */
export interface BuildInfo {
  /** Folder with `lib/` and `include/`. */
  readonly torchDir: string;
  readonly torchVersion: string;
  /** Parts of data-parallel training that could not be built, each with the reason. */
  readonly missing?: { readonly gloo?: string; readonly nccl?: string };
}

const buildDir = fileURLToPath(new URL("../build/", import.meta.url));
const remedy = { hint: "Run `npm run setup`; `npx medssl doctor` tells what is missing." };

/** Returns which libtorch the addon was built against. */
export function buildInfo(): BuildInfo {
  const path = `${buildDir}build.json`;
  if (!existsSync(path)) throw new MedsslError("ERR_TORCH_NOT_BUILT", "The libtorch addon is not built.", remedy);
  return JSON.parse(readFileSync(path, "utf8"));
}

function load(): Native & Partial<DistributedNative> {
  const { torchDir } = buildInfo();
  // Large tensors on huge pages, which libtorch decides when it starts: a step of pre-training took 329 ms with them and
  // 342 without (Zen 4, 2 threads), for 40 MB more memory.
  process.env["THP_MEM_ALLOC_ENABLE"] ??= "1";
  // Threads that wait for each other look up 2,000 times, then sleep. With OpenMP's default they spin for milliseconds:
  // beside one other busy program on two cores a training step then took ten times as long; alone it makes no difference.
  process.env["GOMP_SPINCOUNT"] ??= "2000";
  try {
    return createRequire(import.meta.url)(`${buildDir}medssl-torch.node`);
  } catch (cause) {
    throw new MedsslError("ERR_TORCH_LOAD", `The libtorch addon does not load with ${torchDir}: ${cause}`, {
      ...remedy,
      cause,
    });
  }
}

export const native = load();

/**
 * The words through which arguments and results pass (see native/operators.cc). It grows when a call needs more.
 */
export let callBuffer = new Float64Array(1024);
native.setCallBuffer(callBuffer);

/** Makes room for `size` words; what the buffer held is lost. */
export function reserveCallBuffer(size: number): void {
  if (size <= callBuffer.length) return;
  callBuffer = new Float64Array(2 * size);
  native.setCallBuffer(callBuffer);
}
