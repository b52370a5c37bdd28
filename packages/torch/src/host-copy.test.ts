import assert from "node:assert/strict";
import { test } from "node:test";
import { HostCopy } from "./host-copy.ts";
import { cudaDeviceCount, memoryStats, scope, tensor } from "./index.ts";

for (const device of ["cpu", "cuda"]) {
  const skip = device === "cuda" && cudaDeviceCount() === 0;
  test(`numbers are those of the moment of the copy, on ${device}`, { skip }, () => {
    const { tensors } = memoryStats();
    const copy = scope(() => {
      const values = tensor([1, 2, 3], { device });
      const made = new HostCopy(values);
      values.zero_();
      return made;
    });
    assert.deepEqual([...copy.read()], [1, 2, 3]);
    assert.equal(memoryStats().tensors, tensors);
    assert.throws(() => copy.read());
  });
}
