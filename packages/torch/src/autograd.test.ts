import assert from "node:assert/strict";
import { test } from "node:test";
import { autocast, cudaDeviceCount, type DType, grad, noGrad, ones, tensor } from "./index.ts";

const devices = ["cpu", ...(cudaDeviceCount() > 0 ? ["cuda"] : [])];

for (const device of devices) {
  test(`backward adds to the leaves' gradients on ${device}`, () => {
    const x = tensor([1, 2, 3], { device }).setRequiresGrad();
    const gradient = (): unknown => x.grad?.toNested();
    assert.equal(gradient(), undefined);
    x.square().sum().backward();
    assert.deepEqual(gradient(), [2, 4, 6]);
    x.sum().backward();
    assert.deepEqual(gradient(), [3, 5, 7]);
    x.grad = undefined;
    assert.equal(gradient(), undefined);
    x.mul(2).backward(tensor([1, 0, -1], { device }));
    assert.deepEqual(gradient(), [2, 0, -2]);
  });

  test(`autocast computes products in bfloat16 and sums in float32 on ${device}`, () => {
    const x = ones([4, 4], { device });
    const types = (): DType[] => [x.matmul(x).dtype, x.linear(x).dtype, x.softmax(1).dtype, x.add(1).dtype];
    const lower: DType[] = ["bfloat16", "bfloat16", "float32", "float32"];
    assert.deepEqual(autocast({ device }, types), lower);
    assert.deepEqual(types(), ["float32", "float32", "float32", "float32"]);
    autocast({ device }, () => {
      assert.equal(
        autocast({ device, dtype: "float16" }, () => x.matmul(x).dtype),
        "float16",
      );
      assert.equal(x.matmul(x).dtype, "bfloat16");
    });
    assert.throws(() => autocast({ device }, () => x.matmul(ones([3, 3], { device }))));
    assert.equal(x.matmul(x).dtype, "float32");
  });
}

test("gradients in lower precision come back in the parameter's own type", () => {
  const weight = ones([2, 2]).setRequiresGrad();
  autocast({}, () => ones([2, 2]).matmul(weight).sum()).backward();
  assert.equal(weight.grad?.dtype, "float32");
  assert.deepEqual(weight.grad?.toNested(), [
    [2, 2],
    [2, 2],
  ]);
});

test("a graph is gone after backward unless it is retained", () => {
  const x = tensor([2]).setRequiresGrad();
  const y = x.square().sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assert.deepEqual(x.grad?.toNested(), [8]);
  assert.throws(() => y.backward(), /backward: .*second time/);
});

test("grad returns gradients and leaves the leaves alone", () => {
  const x = tensor([1, 2]).setRequiresGrad();
  const y = tensor([3, 4]).setRequiresGrad();
  const unused = tensor([5]).setRequiresGrad();
  const [dx, dy, none] = grad([x.mul(y).sum()], [x, y, unused]);
  assert.deepEqual([dx?.toNested(), dy?.toNested(), none], [[3, 4], [1, 2], undefined]);
  assert.deepEqual([x.grad], [undefined]);
  const [weighted] = grad([x.mul(2), x.square()], [x], { outputGradients: [tensor([1, 10]), tensor([0, 1])] });
  assert.deepEqual(weighted?.toNested(), [2, 24]);
});

test("createGraph gives derivatives of derivatives", () => {
  const x = tensor([2, -3]).setRequiresGrad();
  const [first] = grad([x.pow(3).sum()], [x], { createGraph: true });
  assert.deepEqual(first?.toNested(), [12, 27]);
  const [second] = grad([first!.sum()], [x]);
  assert.deepEqual(second?.toNested(), [12, -18]);
});

test("noGrad records nothing, and what was on before is on again, even after an error", () => {
  const x = ones([2]).setRequiresGrad();
  assert.equal(
    noGrad(() => x.mul(2).requiresGrad),
    false,
  );
  assert.throws(() =>
    noGrad(() => {
      throw new Error("stop");
    }),
  );
  assert.equal(x.mul(2).requiresGrad, true);
  noGrad(() => {
    noGrad(() => {});
    assert.equal(x.mul(2).requiresGrad, false);
  });
  assert.equal(x.detach().requiresGrad, false);
});

test("what cannot be differentiated is refused with the reason", () => {
  assert.throws(() => ones([2]).sum().backward(), /backward: element 0 of tensors does not require grad/);
  const x = ones([2]).setRequiresGrad();
  assert.throws(() => x.mul(2).backward(), /backward: grad can be implicitly created only for scalar outputs/);
  assert.throws(() => tensor([1], { dtype: "int64" }).setRequiresGrad(), /setRequiresGrad: .*floating point/);
  assert.throws(() => noGrad(() => x).add_(1), /aten::add_\.Scalar: a leaf Variable that requires grad/);
  assert.throws(() => {
    x.grad = ones([3]);
  }, /setGradient: expected Float\[2\]@cpu, got Float\[3\]@cpu/);
});

test("autocast to float32 keeps a part of it exact, and what is around it as it was", () => {
  const x = tensor([[1 + 2 ** -10]]);
  autocast({ dtype: "bfloat16" }, () => {
    assert.equal(x.matmul(x).dtype, "bfloat16");
    const exact = autocast({ dtype: "float32" }, () => x.matmul(x));
    assert.equal(exact.dtype, "float32");
    assert.equal(exact.item(), Math.fround((1 + 2 ** -10) ** 2));
    assert.equal(x.matmul(x).dtype, "bfloat16");
  });
  assert.equal(x.matmul(x).dtype, "float32");
});
