import assert from "node:assert/strict";
import { test } from "node:test";
import { cudaDeviceCount, generatorState, manualSeed, rand, randn, randperm, setGeneratorState } from "./index.ts";

const devices = ["cpu", ...(cudaDeviceCount() > 0 ? ["cuda"] : [])];

test("a seed gives the numbers that it gives in PyTorch", () => {
  manualSeed(0);
  // torch.manual_seed(0); torch.randn(3); torch.rand(2); torch.randperm(6)
  assert.deepEqual(randn([3]).toNested(), [1.5409960746765137, -0.293428897857666, -2.1787893772125244]);
  assert.deepEqual(rand([2]).toNested(), [0.455627977848053, 0.6323062777519226]);
  assert.deepEqual(randperm(6).toNested(), [5, 2, 1, 3, 4, 0]);
});

for (const device of devices) {
  test(`a generator's state brings the same numbers again on ${device}`, () => {
    manualSeed(7);
    randn([5], { device });
    const state = generatorState(device);
    assert.equal(state.dtype, "uint8");
    const first = randn([40], { device }).toNested();
    const second = randn([40], { device }).toNested();
    assert.notDeepEqual(second, first);
    setGeneratorState(state, device);
    assert.deepEqual(randn([40], { device }).toNested(), first);
    assert.deepEqual(randn([40], { device }).toNested(), second);
  });
}
