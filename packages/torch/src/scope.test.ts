import assert from "node:assert/strict";
import { test } from "node:test";
import { cat, grad, keep, memoryStats, ones, ReleasedTensorError, scope, type Tensor, zeros } from "./index.ts";

const held = () => memoryStats().tensors;

test("a scope releases what was made in it, but not its result", () => {
  const before = held();
  let inner: Tensor | undefined;
  const sum = scope(() => {
    inner = ones([2, 3]);
    return inner.sum();
  });
  assert.equal(inner?.isLive, false);
  assert.equal(sum.item(), 6);
  assert.equal(held(), before + 1);
  sum.dispose();
  assert.equal(held(), before);
});

test("results are found in arrays and objects", () => {
  const { parts, loss } = scope(() => {
    const x = ones([4]);
    return { parts: [x.mul(2), { deep: x.mul(3) }] as const, loss: x.sum() };
  });
  assert.deepEqual(parts[0].toNested(), [2, 2, 2, 2]);
  assert.equal(parts[1].deep.sum().item(), 12);
  assert.equal(loss.item(), 4);
});

test("the result of an inner scope is the outer one's to free", () => {
  let inner: Tensor | undefined;
  const before = held();
  scope(() => {
    inner = scope(() => ones([1]).add(1));
    assert.equal(inner.item(), 2);
    assert.equal(held(), before + 1);
  });
  assert.equal(inner?.isLive, false);
  assert.equal(held(), before);
});

test("a tensor from outside is left alone, returned or not", () => {
  const x = ones([1]);
  assert.equal(
    scope(() => x),
    x,
  );
  scope(() => x.add_(1));
  assert.equal(x.item(), 2);
});

test("what is kept outlives every scope until it is disposed of", () => {
  const before = held();
  const kept = scope(() => scope(() => ({ tensor: keep(ones([2])) })).tensor);
  let other: Tensor | undefined;
  scope(() => {
    other = zeros([1]).keep();
  });
  assert.deepEqual([kept.isLive, other?.isLive], [true, true]);
  kept.dispose();
  other?.dispose();
  assert.equal(held(), before);
});

test("a scope that throws frees its tensors and leaves the scope around it open", () => {
  const before = held();
  scope(() => {
    const outer = ones([1]);
    assert.throws(
      () =>
        scope(() => {
          ones([8]);
          throw new Error("stop");
        }),
      /stop/,
    );
    assert.equal(held(), before + 1);
    assert.equal(outer.isLive, true);
    ones([1]);
  });
  assert.equal(held(), before);
});

test("an asynchronous function is refused, and its tensors are freed", async () => {
  const before = held();
  let promise: Promise<void> | undefined;
  assert.throws(
    () =>
      scope(() => {
        promise = (async () => {
          ones([3]);
        })();
        return promise;
      }),
    { name: "TypeError", message: /synchronous/ },
  );
  await promise;
  assert.equal(held(), before);
});

test("a tensor disposed of within its scope, returned or not, does no harm", () => {
  const before = held();
  const gone = scope(() => {
    ones([3]).dispose();
    const x = ones([2]);
    x.dispose();
    x.dispose();
    return x;
  });
  assert.equal(gone.isLive, false);
  assert.equal(held(), before);
});

test("`using` releases at the end of its block", () => {
  const before = held();
  let seen: Tensor | undefined;
  {
    using x = ones([2]).add(1);
    seen = x;
    assert.equal(x.sum().item(), 4);
  }
  assert.equal(seen.isLive, false);
  scope(() => {
    using x = zeros([2]);
    seen = x;
  });
  assert.equal(seen.isLive, false);
  assert.ok(held() <= before + 2, "what no scope held (the sum, the ones) is the garbage collector's");
});

test("using a released tensor is an error that says so, wherever it is used", () => {
  const gone = ones([2, 2]);
  assert.deepEqual(gone.shape, [2, 2]);
  gone.dispose();
  const x = ones([2, 2]).setRequiresGrad();
  const uses: (() => unknown)[] = [
    () => gone.add(1),
    () => x.matmul(gone),
    () => gone.add_(x),
    () => cat([x, gone]),
    () => gone.shape,
    () => gone.dtype,
    () => gone.requiresGrad,
    () => gone.isContiguous,
    () => gone.item(),
    () => gone.toNested(),
    () => gone.toTypedArray(),
    () => gone.asTypedArray(),
    () => gone.grad,
    () => gone.setRequiresGrad(),
    () => gone.backward(),
    () => x.mul(2).backward(gone),
    () => grad([x.sum()], [gone]),
    () => grad([gone], [x]),
    () => {
      x.grad = gone;
    },
  ];
  for (const use of uses) {
    assert.throws(
      use,
      (error) => error instanceof ReleasedTensorError && /was released.*scope/.test(error.message),
      `${use}`,
    );
  }
});
