/**
 * Wrong arguments end in an error, never in a crash: random ones, in a child process, since a crash would take the test
 * along.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Argument, call, fromTypedArray, noGrad, ones, scope, setNumThreads, tensor, zeros } from "./index.ts";

// Together they take every type of argument: tensors and lists of them (optional or not), numbers of each kind and lists
// of them, strings, element types, devices, layouts, memory formats, generators.
const names = [
  "aten::add.Tensor",
  "aten::add.Scalar",
  "aten::add_.Tensor",
  "aten::add.out",
  "aten::addcmul",
  "aten::arange.start_step",
  "aten::argmax",
  "aten::cat",
  "aten::clamp",
  "aten::clone",
  "aten::constant_pad_nd",
  "aten::conv2d",
  "aten::copy_",
  "aten::cross_entropy_loss",
  "aten::div.Tensor_mode",
  "aten::dropout",
  "aten::einsum",
  "aten::empty.memory_format",
  "aten::expand",
  "aten::fill_.Scalar",
  "aten::flip",
  "aten::full",
  "aten::gather",
  "aten::gelu",
  "aten::group_norm",
  "aten::index.Tensor",
  "aten::index_select",
  "aten::item",
  "aten::layer_norm",
  "aten::linalg_vector_norm",
  "aten::linear",
  "aten::lerp.Scalar",
  "aten::matmul",
  "aten::max_pool2d",
  "aten::normal_",
  "aten::one_hot",
  "aten::permute",
  "aten::roll",
  "aten::scaled_dot_product_attention",
  "aten::scatter.src",
  "aten::slice.Tensor",
  "aten::softmax.int",
  "aten::split_with_sizes",
  "aten::stack",
  "aten::std.correction",
  "aten::sum.dim_IntList",
  "aten::to.dtype_layout",
  "aten::topk",
  "aten::unbind.int",
  "aten::upsample_bilinear2d.vec",
  "aten::view",
  "aten::view.dtype",
  "aten::where.self",
  "aten::zeros",
  "aten::_foreach_add_.Scalar",
  "aten::_foreach_norm.Scalar",
];

const numbers = [0, 1, 2, -1, 3, 0.5, -2.5, 1e300, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 40, -(2 ** 62)];
const strings = [
  "float32",
  "int64",
  "cpu",
  "channelsLast",
  "strided",
  "tanh",
  "floor",
  "bij,bjk->bik",
  "",
  "constructor",
];
const oddities: unknown[] = [
  null,
  undefined,
  true,
  false,
  {},
  [],
  [[1]],
  3n,
  Symbol("s"),
  () => 1,
  new Float32Array(3000),
];

/** A recipe of an argument, so that a crash can be told by what was written before it. */
const makers: Readonly<Record<string, () => unknown>> = {
  matrix: () => ones([2, 3]),
  learning: () => ones([2, 3]).setRequiresGrad(),
  image: () => ones([1, 2, 4, 4]),
  scalar: () => zeros([]),
  empty: () => zeros([0, 3]),
  integers: () => tensor([0, 1, 2], { dtype: "int64" }),
  mask: () => tensor([[true, false, true]], { dtype: "bool" }),
  half: () => ones([3], { dtype: "bfloat16" }),
  shared: () => fromTypedArray(new Int16Array(6), [2, 3]),
  view: () => ones([3, 2]).transpose(0, 1),
  released: () => {
    const x = ones([2]);
    x.dispose();
    return x;
  },
};

const operand = fc.constantFrom(...Object.keys(makers)).map((maker) => ({ maker }));
const simple = fc.oneof(
  { weight: 4, arbitrary: operand },
  { weight: 3, arbitrary: fc.constantFrom(...numbers.keys()).map((number) => ({ number })) },
  { weight: 1, arbitrary: fc.constantFrom(...strings.keys()).map((string) => ({ string })) },
  { weight: 1, arbitrary: fc.constantFrom(...oddities.keys()).map((oddity) => ({ oddity })) },
);
type Recipe = { maker: string } | { number: number } | { string: number } | { oddity: number } | readonly Recipe[];
const recipe: fc.Arbitrary<Recipe> = fc.oneof({ weight: 3, arbitrary: simple }, fc.array(simple, { maxLength: 4 }));

function made(given: Recipe): unknown {
  if ("maker" in given) return makers[given.maker]!();
  if ("number" in given) return numbers[given.number];
  if ("string" in given) return strings[given.string];
  if ("oddity" in given) return oddities[given.oddity];
  return given.map(made);
}

/** The child: writes each call before it is made, so that the last line is the one that crashed. */
function fuzz(seed: number): void {
  setNumThreads(1);
  let numRefused = 0;
  // Most operators take a tensor first: half of the calls get past it.
  const recipes = fc.oneof(
    fc.array(recipe, { maxLength: 8 }),
    fc.tuple(operand, fc.array(recipe, { maxLength: 3 })).map(([first, rest]) => [first, ...rest]),
  );
  const calls = fc.tuple(fc.constantFrom(...names), recipes);
  fc.assert(
    fc.property(calls, ([name, recipes]) => {
      writeSync(1, `${JSON.stringify([name, recipes])}\n`);
      scope(() => {
        const values = recipes.map(made) as Argument[];
        try {
          noGrad(() => call(name, values));
        } catch (error) {
          assert.ok(error instanceof Error && error.message.length > 10);
          numRefused++;
        }
      });
      assert.equal(ones([2]).sum().item(), 2);
    }),
    { seed, numRuns: 4000, endOnFailure: true },
  );
  writeSync(1, `refused ${numRefused}\n`);
}

const child = "--fuzz";
if (process.argv.includes(child)) fuzz(Number(process.argv.at(-1)));
else {
  test("four thousand random calls end in a result or an error", { timeout: 60_000 }, () => {
    // Into a file: a full pipe would refuse a line now and then.
    const path = join(mkdtempSync(join(tmpdir(), "medssl-fuzz-")), "calls");
    const { status, signal, stderr } = spawnSync(process.execPath, [import.meta.filename, child, "1"], {
      encoding: "utf8",
      stdio: ["ignore", openSync(path, "w"), "pipe"],
    });
    const lines = readFileSync(path, "utf8").trim().split("\n");
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, `after ${lines.at(-1)}\n${stderr.slice(-2000)}`);
    // Random calls are wrong mostly, but not all of them: else nothing would have been called.
    const refused = Number(/^refused (\d+)$/.exec(lines.at(-1)!)?.[1]);
    assert.ok(refused > 2000 && refused < 3990, `${refused} of 4000 were refused`);
  });
}
