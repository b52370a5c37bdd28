/**
 * Our kernels against libtorch's operators, values and gradients, at sizes that leave a rest everywhere. Where the CPU has
 * no AVX-512 both sides are libtorch's and only the fallbacks are tested.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  autocast,
  call,
  cat,
  full,
  grad,
  linspace,
  manualSeed,
  noGrad,
  randn,
  scaledDotProductAttention,
  scope,
  setNumThreads,
  type Tensor,
} from "../index.ts";

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

/** Where nothing is recorded, values within 1e-6 of float64's (of the largest); where something is, all to the bit. */
function assertSameImages(ours: (x: Tensor[]) => Tensor, theirs: (x: Tensor[]) => Tensor, x: readonly Tensor[]): void {
  const images = x.map((tensor) => (tensor.shape.length === 4 ? tensor.to({ format: "channelsLast" }) : tensor));
  for (const threads of [1, 2]) {
    setNumThreads(threads);
    const [result, expected] = noGrad(() => [
      ours(images).to({ dtype: "float64" }),
      theirs(images.map((tensor) => tensor.to({ dtype: "float64" }))),
    ]);
    assert.deepEqual(result.shape, expected.shape);
    const error = result.sub(expected).abs().amax().item() / expected.abs().amax().item();
    assert.ok(error < 1e-6, `${images[0]!.shape} differs by ${error} with ${threads} threads`);
  }
  const leaves = images.map((tensor) => tensor.detach().setRequiresGrad());
  const [own, other] = [ours, theirs].map((f) => {
    const output = f(leaves);
    return [output, ...grad([output.square().sum()], leaves)] as Tensor[];
  });
  for (const [i, tensor] of own!.entries()) assert.equal(tensor.ne(other![i]!).sum().item(), 0, `recorded, ${i}`);
}

test("group norm with its activation: channels and groups of any number, images of one pixel and of several blocks", () => {
  const cases = [
    { shape: [1, 4, 1, 1], groups: 1 },
    { shape: [3, 24, 7, 5], groups: 6 },
    { shape: [2, 129, 3, 9], groups: 43 },
    { shape: [2, 48, 31, 33], groups: 8 },
    { shape: [1, 16, 65, 64], groups: 16 },
    { shape: [1, 1, 150, 151], groups: 1 },
  ];
  for (const { shape, groups } of cases) {
    scope(() => {
      const x = inputs(shape, [shape[1]!], [shape[1]!]).map((tensor) => tensor.detach());
      const all = [x[0]!.mul(3).add(5), x[1]!, x[2]!];
      const plain = ([x, weight, bias]: Tensor[]) => x!.groupNorm(groups, weight!, bias!);
      assertSameImages(
        ([x, w, b]) => x!.groupNormGelu(groups, w!, b!),
        (x) => plain(x).gelu(),
        all,
      );
      assertSameImages(
        ([x, w, b]) => x!.groupNormLeakyRelu(groups, w!, b!, 0.2),
        (x) => plain(x).leakyRelu(0.2),
        all,
      );
    });
  }
});

test("GELU behind a group norm, from values that it makes zero to those that it leaves", () => {
  scope(() => {
    const x = linspace(-1, 1, 4001).view([1, 1, 1, 4001]);
    const plain = ([x, weight, bias]: Tensor[]) => x!.groupNorm(1, weight!, bias!).gelu();
    const [weight, bias] = [full([1], 5), full([1], 0)];
    assertSameImages(([x, w, b]) => x!.groupNormGelu(1, w!, b!), plain, [x, weight, bias]);
    const far = noGrad(() => x.to({ format: "channelsLast" }).groupNormGelu(1, full([1], 1e4), bias));
    assert.equal(Math.abs(far.slice(3, 0, 1).item()), 0);
  });
});

test("a group norm passes NaN and infinity on to their image's group and no other", () => {
  scope(() => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = randn([2, 8, 9, 9]).to({ format: "channelsLast" });
      x.slice(0, 0, 1).slice(1, 3, 4).slice(2, 4, 5).slice(3, 4, 5).fill_(bad);
      const [weight, bias] = [full([8], 1), full([8], 0)];
      for (const output of noGrad(() => [x.groupNormGelu(2, weight, bias), x.groupNormLeakyRelu(2, weight, bias)])) {
        const missing = output.ne(output).to({ dtype: "float32" }).sum([2, 3]);
        const hit = Array.from({ length: 16 }, (_, i) => (i < 4 ? 81 : 0));
        assert.deepEqual([...(missing.contiguous().toTypedArray() as Float32Array)], hit);
      }
    }
  });
});

test("images resampled beside others: larger, smaller, of the same size, of one pixel", () => {
  const cases = [
    { from: [2, 5, 4, 4], skip: [2, 3, 8, 8] },
    { from: [1, 48, 16, 16], skip: [1, 24, 32, 33] },
    { from: [2, 17, 9, 7], skip: [2, 1, 5, 6] },
    { from: [3, 4, 6, 5], skip: [3, 20, 6, 5] },
    { from: [1, 6, 1, 1], skip: [1, 2, 3, 4] },
  ];
  for (const { from, skip } of cases) {
    scope(() => {
      const plain = ([x, skip]: Tensor[]) => {
        const isSame = x!.size(2) === skip!.size(2) && x!.size(3) === skip!.size(3);
        return cat([isSame ? x! : x!.interpolate([skip!.size(2), skip!.size(3)]), skip!], 1);
      };
      const x = inputs(from, skip).map((tensor) => tensor.detach());
      assertSameImages(([x, skip]) => x!.resizeCat(skip!), plain, x);
    });
  }
});

test("weights in oneDNN's order follow the weights, and come to the same", () => {
  scope(() => {
    const [x, weight, bias] = inputs([2, 33, 65], [130, 65], [130]) as [Tensor, Tensor, Tensor];
    const assertIsPlain = (bias?: Tensor) => {
      const [result, expected] = noGrad(() => [
        x.linear(weight, bias),
        plainLinear([x, weight, ...(bias ? [bias] : [])]),
      ]);
      const error = result.sub(expected).abs().amax().item() / expected.abs().amax().item();
      assert.ok(error < 1e-6, `differs by ${error}`);
    };
    // At first sight they stay as they are.
    for (let i = 0; i < 3; i++) assertIsPlain(bias);
    noGrad(() => weight.mul_(-2));
    for (let i = 0; i < 3; i++) assertIsPlain();
    // A fused optimizer of libtorch's does not count as a change by itself.
    const lists = [weight, weight.detach().add(1), weight.detach().mul(0)].map((one) => [one]);
    noGrad(() => call("aten::_fused_sgd_", [...lists, 0, 0.9, 0.5, 0, false, false, false]));
    for (let i = 0; i < 3; i++) assertIsPlain();
    assertIsPlain(bias.detach().repeat([2]).view([130, 2]).select(1, 1));
    assertIsPlain(bias.detach().slice(0, 0, 1).expand([130]));
    assert.ok(x.linear(weight, bias).requiresGrad);
  });
});
