/**
 * Our kernels against libtorch's operators, values and gradients, at sizes that leave a rest everywhere. Where the CPU has
 * no AVX-512 both sides are libtorch's and only the fallbacks are tested.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { autocast, call, grad, manualSeed, randn, scaledDotProductAttention, scope, type Tensor } from "../index.ts";

const inputs = (...shapes: readonly (readonly number[])[]): Tensor[] => {
  manualSeed(0);
  return shapes.map((shape) => randn(shape).setRequiresGrad());
};

/** Both functions' results and the gradients of all inputs agree to 1e-5 of the largest value. */
function assertSame(ours: (x: Tensor[]) => Tensor, theirs: (x: Tensor[]) => Tensor, x: Tensor[]): void {
  const [result, expected] = [ours(x), theirs(x)];
  assert.deepEqual(result.shape, expected.shape);
  const direction = randn(expected.shape);
  const [own, other] = [result, expected].map((output) => grad([output], x, { outputGradients: [direction] }));
  [result, ...own!].forEach((tensor, i) => {
    const reference = [expected, ...other!][i]!;
    const error = tensor!.sub(reference).abs().amax().item() / reference.abs().amax().item();
    assert.ok(error < 1e-5, `${i === 0 ? "result" : `gradient ${i}`} differs by ${error}`);
  });
}

const plainLinear = ([x, weight, bias]: Tensor[]) => call("aten::linear", [x, weight, bias ?? null]) as Tensor;

test("linear layers, with and without bias, of two and more axes, and of memory that is no block", () => {
  scope(() => {
    const ours = ([x, weight, bias]: Tensor[]) => x!.linear(weight!, bias);
    assertSame(ours, plainLinear, inputs([5, 7], [3, 7], [3]));
    assertSame(ours, plainLinear, inputs([2, 33, 65], [130, 65], [130]));
    assertSame(ours, plainLinear, inputs([2, 3, 5, 17], [4, 17]));
    const strided = (linear: typeof ours) => (x: Tensor[]) =>
      linear([x[0]!.slice(1, 2).transpose(0, 1), ...x.slice(1)]);
    assertSame(strided(ours), strided(plainLinear), inputs([3, 9, 20], [6, 20], [6]));
  });
});

test("second derivatives of a linear layer", () => {
  scope(() => {
    const penalty = (linear: (x: Tensor[]) => Tensor) => (x: Tensor[]) => {
      const [slope] = grad([linear(x).pow(3).sum()], [x[0]!], { createGraph: true });
      return slope!.square().sum();
    };
    const x = inputs([4, 6], [5, 6]);
    assertSame(
      penalty(([x, weight]) => x!.linear(weight!)),
      penalty(plainLinear),
      x,
    );
  });
});

const plainAttention =
  (first: number) =>
  ([qkv]: Tensor[]): Tensor => {
    const [query, key, value] = qkv!.unbind(2).map((part) => part.transpose(1, 2)) as [Tensor, Tensor, Tensor];
    return scaledDotProductAttention(query.slice(2, first), key, value).transpose(1, 2).flatten(2);
  };

test("attention of all tokens, of the last ones, of more than a block, of wide heads", () => {
  scope(() => {
    const cases = [
      { shape: [2, 5, 3, 2, 4], first: 0 },
      { shape: [2, 49, 3, 3, 64], first: 0 },
      { shape: [1, 150, 3, 2, 20], first: 37 },
      { shape: [1, 70, 3, 1, 96], first: 69 },
    ];
    for (const { shape, first } of cases) {
      assertSame(([qkv]) => qkv!.selfAttention(first), plainAttention(first), inputs(shape));
    }
  });
});

test("attention with scores that a softmax must not overflow on", () => {
  scope(() => {
    const qkv = randn([1, 40, 3, 2, 16]).mul(30).setRequiresGrad();
    assertSame(([qkv]) => qkv!.selfAttention(), plainAttention(0), [qkv]);
  });
});

test("under autocast, and of other types, libtorch's operators serve", () => {
  scope(() => {
    const [x, weight] = inputs([4, 8], [3, 8]) as [Tensor, Tensor];
    autocast({}, () => assert.equal(x.linear(weight).dtype, "bfloat16"));
    const doubles = inputs([2, 6, 3, 2, 4]).map((tensor) => tensor.detach().to({ dtype: "float64" }).setRequiresGrad());
    assertSame(([qkv]) => qkv!.selfAttention(2), plainAttention(2), doubles);
  });
});

test("sizes that do not fit are libtorch's error, or ours, with the shapes", () => {
  scope(() => {
    assert.throws(() => randn([2, 3]).linear(randn([4, 5])), /cannot be multiplied/);
    assert.throws(() => randn([2, 3, 4]).selfAttention(), /expected qkv \[B, N, 3, heads, dim\], got \[2, 3, 4\]/);
    assert.throws(() => randn([1, 2, 3, 1, 4]).selfAttention(2), /expected first in 0\.\.1, got 2/);
  });
});
