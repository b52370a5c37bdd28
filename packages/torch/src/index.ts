/** libtorch for TypeScript. */
import "./methods.ts";

export * from "./autograd.ts";
export { type Bfloat16Support, cpuBfloat16, hasFastBfloat16 } from "./bfloat16.ts";
export { cudaDeviceCount, type Device, numThreads, setNumThreads, synchronize, useDevice } from "./device.ts";
export { type JoinOptions, joinProcessGroup, type ProcessGroup, type Reduction } from "./distributed.ts";
export { type DistributedSettings, distributedSettings, isDistributed } from "./distributed-settings.ts";
export { type DType, itemSize, type TypedArray } from "./dtype.ts";
export { GradientReducer } from "./gradient-reducer.ts";
export { HostCopy } from "./host-copy.ts";
export { type MemoryStats, memoryStats } from "./memory.ts";
export { type BuildInfo, buildInfo } from "./native.ts";
export { mapNpy } from "./npy.ts";
export { type Argument, call, operator, type Result } from "./operator.ts";
export * from "./ops/create.ts";
export * from "./ops/matmul.ts";
export * from "./ops/nn.ts";
export * from "./ops/pointwise.ts";
export * from "./ops/reduce.ts";
export * from "./ops/shape.ts";
export { PickledGlobal, PickledObject } from "./pth/pickle.ts";
export { readPth } from "./pth/read-pth.ts";
export { readWeights, type Weights } from "./pth/read-weights.ts";
export { generatorState, manualSeed, saveGenerators, setGeneratorState, withSeed } from "./random.ts";
export { readSafetensors, type Safetensors, writeSafetensors } from "./safetensors.ts";
export { keep, scope } from "./scope.ts";
export { ReleasedTensorError, Tensor } from "./tensor.ts";
export { isTracedTensor, type Trace, type TracedArgument, type TracedCall, type TracedTensor, trace } from "./trace.ts";
