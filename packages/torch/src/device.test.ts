import assert from "node:assert/strict";
import { test } from "node:test";
import { cudaDeviceCount, memoryStats, numThreads, ones, setNumThreads, synchronize, tensor } from "./index.ts";

const hasCuda = cudaDeviceCount() > 0;

test("unknown devices are refused by name", () => {
  for (const device of ["gpu", "cuda:", "cuda:x", "constructor", "", "CPU"]) {
    assert.throws(() => ones([1], { device }), { code: "ERR_DEVICE", message: /expected cpu, cuda, cuda:0/ });
  }
});

test("CUDA that is not there is an error with a remedy, not a crash", { skip: hasCuda }, () => {
  assert.equal(cudaDeviceCount(), 0);
  assert.throws(() => ones([1], { device: "cuda" }));
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
