import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import {
  call,
  empty,
  fromTypedArray,
  keep,
  manualSeed,
  memoryStats,
  noGrad,
  ones,
  operator,
  randn,
  scope,
  setNumThreads,
  type Tensor,
  type TypedArray,
  tensor,
  zeros,
  zerosLike,
} from "./index.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Collects until JavaScript's finalizers have run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await setImmediate();
  }
}

test("a tensor on a typed array shares its memory, both ways", () => {
  const array = Float32Array.of(1, 2, 3, 4, 5, 6);
  const x = fromTypedArray(array, [2, 3]);
  assert.deepEqual([x.dtype, x.shape], ["float32", [2, 3]]);
  array[4] = 50;
  assert.equal(x.select(0, 1).select(0, 1).item(), 50);
  x.mul_(2);
  assert.deepEqual([...array], [2, 4, 6, 8, 100, 12]);
});

test("every kind of typed array gives its own element type, from the middle of a buffer too", () => {
  const arrays: TypedArray[] = [
    Uint8Array.of(9, 1, 2),
    Int8Array.of(9, -1, 2),
    Int16Array.of(9, -1, 2),
    Uint16Array.of(9, 1, 2),
    Int32Array.of(9, -1, 2),
    BigInt64Array.of(9n, -1n, 2n),
    Float32Array.of(9, -1, 2),
    Float64Array.of(9, -1, 2),
  ];
  for (const array of arrays) {
    const x = fromTypedArray(array.subarray(1));
    assert.equal(x.dtype, array.constructor.name.replace(/^Big|Array$/g, "").toLowerCase());
    assert.deepEqual(x.toNested(), Array.from(array.subarray(1), Number));
    assert.deepEqual(x.toTypedArray(), array.slice(1));
  }
});

test("asTypedArray shares the tensor's memory, toTypedArray and tensor() copy", () => {
  const x = ones([3]);
  const shared = x.asTypedArray();
  const again = x.asTypedArray();
  const copy = x.toTypedArray();
  shared[0] = 7;
  x.select(0, 2).fill_(9);
  assert.deepEqual([...shared], [7, 1, 9]);
  assert.deepEqual([...again], [7, 1, 9]);
  assert.deepEqual([...copy], [1, 1, 1]);
  const source = Float32Array.of(1, 2);
  const y = tensor(source);
  source[0] = 5;
  assert.deepEqual(y.toNested(), [1, 2]);
  assert.deepEqual(zeros([0, 3]).asTypedArray(), new Float32Array(0));
  assert.throws(() => zeros([2, 3]).transpose(0, 1).asTypedArray(), /toArrayBuffer: .*contiguous/);
});

test("lists of unequal length or depth are no tensor", () => {
  for (const ragged of [
    [[1, 2], [3]],
    [[1, 2], [3], [4, 5, 6]],
    [1, [2]],
    [[1], 2],
  ]) {
    assert.throws(() => tensor(ragged), /differ in length or depth/);
  }
  assert.throws(() => fromTypedArray(new Float32Array(5), [2, 3]), /shape \[2, 3\] has 6 elements, the array has 5/);
});

test("memory lives as long as its last owner: array, tensor or view", async () => {
  const size = 1 << 20;
  const tensorOfLostArray = (): Tensor => fromTypedArray(new Float32Array(size).fill(3));
  const x = tensorOfLostArray();
  await settle();
  assert.equal(x.sum().item(), 3 * size);

  const arrayOfLostTensor = scope(() => ones([size]).asTypedArray());
  await settle();
  const filler = Array.from({ length: 8 }, () => zeros([size]));
  assert.ok(arrayOfLostTensor.every((value) => value === 1));
  for (const zero of filler) zero.dispose();

  const view = scope(() => ones([size]).mul(5).view([2, -1]));
  await settle();
  assert.equal(view.sum().item(), 5 * size);
  view.dispose();
});

test("tensors of no scope are freed when JavaScript collects them", async () => {
  await settle();
  const before = memoryStats();
  const make = (): void => {
    for (let i = 0; i < 100; i++) ones([1000]);
  };
  make();
  assert.equal(memoryStats().tensors, before.tensors + 100);
  await settle();
  assert.equal(memoryStats().tensors, before.tensors);
  assert.equal(memoryStats().bytes, before.bytes);
});

test("the garbage collector feels how large tensors are", async () => {
  const before = memoryStats().bytes;
  let most = 0;
  for (let i = 0; i < 300; i++) {
    empty([1 << 22]); // 16 MB in all but the page table; its object in JavaScript takes bytes
    most = Math.max(most, memoryStats().bytes - before);
    await setImmediate();
  }
  assert.ok(most < 25e8, `held ${most} of 5e9 bytes at once`);
});

test("memoryStats counts shared memory once", () => {
  scope(() => {
    const before = memoryStats();
    const x = zeros([256]);
    x.view([16, 16]);
    x.slice(0, 10, 20);
    const after = memoryStats();
    assert.equal(after.tensors, before.tensors + 3);
    assert.equal(after.bytes, before.bytes + 1024);
    assert.ok(after.peakResidentBytes > 10e6);
    assert.equal(after.peakDeviceBytes, 0);
  });
});

test("a thousand training steps do not grow", () => {
  setNumThreads(1); // the tensors are too small to share
  manualSeed(0);
  const parameters = [randn([32, 16]), zeros([32]), randn([1, 32])].map((parameter) => parameter.setRequiresGrad());
  const first = parameters.map((parameter) => zerosLike(parameter));
  const second = parameters.map((parameter) => zerosLike(parameter));
  const counters = parameters.map(() => zeros([]));
  const fusedAdamW = operator<never>("aten::_fused_adamw_");
  const step = (): number =>
    scope(() => {
      const x = randn([64, 16]);
      const hidden = x.linear(parameters[0]!, parameters[1]).gelu();
      const loss = hidden.linear(parameters[2]!).sub(x.sum(1, true)).square().mean();
      loss.backward();
      noGrad(() => {
        call("aten::_foreach_add_.Scalar", [counters, 1]);
        const gradients = parameters.map((parameter) => parameter.grad!);
        fusedAdamW(parameters, gradients, first, second, [], counters, 0.01, 0.9, 0.99, 0, 1e-8, false, false);
      });
      for (const parameter of parameters) parameter.grad = undefined;
      return loss.item();
    });
  const start = step();
  for (let i = 0; i < 100; i++) step();
  const before = memoryStats();
  for (let i = 0; i < 900; i++) step();
  const after = memoryStats();
  assert.deepEqual([after.tensors, after.bytes], [before.tensors, before.bytes]);
  assert.ok(after.peakResidentBytes - before.peakResidentBytes < 32e6, "resident memory");
  assert.ok(step() < start / 10, "the network learns");
});

test("a second JavaScript thread is refused, not corrupted", async () => {
  keep(ones([1]));
  const worker = new Worker(`import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)})`, { eval: true });
  const error = await new Promise<Error>((resolve) => worker.once("error", resolve));
  assert.match(error.message, /one JavaScript thread/);
});
