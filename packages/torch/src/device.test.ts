import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cudaDeviceCount,
  memoryStats,
  numThreads,
  ones,
  setNumThreads,
  synchronize,
  tensor,
  useDevice,
} from "./index.ts";

const hasCuda = cudaDeviceCount() > 0;

test("unknown devices are refused by name", () => {
  for (const device of ["gpu", "cuda:", "cuda:x", "constructor", "", "CPU"]) {
    assert.throws(() => ones([1], { device }), { code: "ERR_DEVICE", message: /expected cpu, cuda, cuda:0/ });
  }
});

test("CUDA that is not there is an error with a remedy, not a crash", { skip: hasCuda }, () => {
  assert.equal(cudaDeviceCount(), 0);
  assert.throws(() => ones([1], { device: "cuda" }), {
    code: /ERR_CUDA_MISSING|ERR_CUDA_LOAD|ERR_DEVICE_MISSING/,
    hint: /--device cpu/,
  });
});

test("a device that this machine lacks is refused before anything is asked of it", () => {
  for (const device of [
    "cpu:1",
    `cuda:${Math.max(1, cudaDeviceCount())}`,
    ...(process.platform === "linux" ? ["mps"] : []),
  ]) {
    assert.throws(() => useDevice(device), { code: /ERR_CUDA_MISSING|ERR_CUDA_LOAD|ERR_DEVICE_MISSING/ });
  }
  useDevice("cpu:0");
});

test("the number of threads can be set", () => {
  const before = numThreads();
  setNumThreads(1);
  assert.equal(numThreads(), 1);
  setNumThreads(before);
});

test("tensors move to CUDA and back", { skip: !hasCuda }, () => {
  const x = tensor([1, 2, 3], { device: "cuda" });
  assert.equal(x.device, "cuda:0");
  synchronize("cuda");
  assert.deepEqual([...x.mul(2).toTypedArray()], [2, 4, 6]);
  assert.deepEqual(x.to({ device: "cpu" }).toNested(), [1, 2, 3]);
  assert.ok(memoryStats("cuda").peakDeviceBytes > 0);
  assert.throws(() => x.add(ones([3])), /aten::add\.Tensor: .*(same device|other: Float\[3\])/);
  assert.throws(() => x.asTypedArray(), /on the CPU/);
});
