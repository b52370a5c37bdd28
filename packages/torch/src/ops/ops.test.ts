/** Every exported operator against PyTorch: values, element types, shapes and gradients (see fixtures/make-ops.py). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cudaDeviceCount, type DType, grad, linspace, manualSeed, scope, Tensor, tensor } from "../index.ts";
import * as create from "./create.ts";
import * as matmul from "./matmul.ts";
import * as nn from "./nn.ts";
import * as pointwise from "./pointwise.ts";
import * as reduce from "./reduce.ts";
import * as shape from "./shape.ts";

interface Encoded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Numbers, or "NaN" and "Infinity", which JSON lacks. */
  readonly data: readonly (number | string)[];
}

interface Case {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly seed: number | null;
  readonly inPlace: boolean;
  readonly results: readonly (Encoded | number)[];
  readonly gradients: readonly (Encoded | null)[] | null;
}

type Operator = (...values: unknown[]) => Tensor | Tensor[] | number;

const cases: Case[] = JSON.parse(readFileSync(new URL("../fixtures/ops.json", import.meta.url), "utf8"));
const families = { create, matmul, nn, pointwise, reduce, shape };
const devices = ["cpu", ...(cudaDeviceCount() > 0 ? ["cuda"] : [])];

const isEncoded = (value: unknown): value is Encoded => typeof value === "object" && value !== null && "data" in value;

const decoded = ({ dtype, shape, data }: Encoded, device: string): Tensor =>
  tensor(data.map(Number)).view(shape).to({ dtype, device });

/** The value with its tensors made; those that can have a gradient are added to `sources`. */
function argument(value: unknown, device: string, sources: Tensor[]): unknown {
  if (isEncoded(value)) {
    const made = decoded(value, device);
    if (value.dtype.startsWith("float")) sources.push(made);
    return made;
  }
  if (Array.isArray(value)) return value.map((item) => argument(item, device, sources));
  if (typeof value !== "object") return value;
  if (value === null) return undefined; // left out
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, argument(item, device, [])]));
}

function assertSame(actual: Tensor | number | undefined, expected: Encoded | number | null, what: string): void {
  if (!isEncoded(expected) || !(actual instanceof Tensor)) {
    assert.equal(actual, expected ?? undefined, what);
    return;
  }
  assert.deepEqual([actual.dtype, actual.shape], [expected.dtype, expected.shape], `${what}: type and shape`);
  const values = Array.from(
    actual.detach().to({ dtype: "float64", device: "cpu" }).contiguous().toTypedArray(),
    Number,
  );
  expected.data.forEach((text, i) => {
    const value = Number(text);
    const isClose = Object.is(values[i], value) || Math.abs(values[i]! - value) <= 1e-5 * Math.max(1, Math.abs(value));
    assert.ok(isClose || values[i] === value, `${what}: element ${i}: expected ${value}, got ${values[i]}`);
  });
}

function check({ name, seed, inPlace, results, gradients, ...given }: Case, op: Operator, device: string): void {
  const sources: Tensor[] = [];
  const values = given.arguments.map((value) => argument(value, device, sources));
  if (gradients !== null) for (const source of sources) source.setRequiresGrad();
  if (seed !== null) manualSeed(seed);
  const output = op(...values);
  const what = `${name}(${JSON.stringify(given.arguments)})`;
  if (inPlace) assert.equal(output, values[0], `${what} returns its first operand`);
  const outputs = Array.isArray(output) ? output : [output];
  assert.equal(outputs.length, results.length, `${what}: number of results`);
  results.forEach((expected, i) => {
    assertSame(outputs[i], expected, what);
  });
  const [first] = outputs;
  if (gradients === null || !(first instanceof Tensor)) return;
  const weights = linspace(0.5, 1.5, first.numel, { device }).view(first.shape);
  const actual = grad([first.mul(weights).sum()], sources);
  gradients.forEach((expected, i) => {
    assertSame(actual[i], expected, `gradient ${i} of ${what}`);
  });
}

const method: (name: string) => Operator =
  (name) =>
  (self, ...rest) => {
    const methods = self as unknown as Record<string, Operator>;
    return methods[name]!(...rest);
  };

for (const device of devices) {
  for (const [family, operators] of Object.entries(families)) {
    test(`${family} gives what PyTorch gives on ${device}`, () => {
      const table = operators as unknown as Record<string, Operator>;
      // Other devices draw other random numbers.
      const mine = cases.filter(({ name, seed }) => name in table && (seed === null || device === "cpu"));
      assert.ok(mine.length > 0);
      for (const item of mine) {
        scope(() => check(item, table[item.name]!, device));
        if (item.name in Tensor.prototype) scope(() => check(item, method(item.name), device));
      }
    });
  }
}

test("every exported operator has a case", () => {
  const checked = new Set(cases.map(({ name }) => name));
  // Memory as it is found, shared with JavaScript (memory.test.ts), and what every assertion here goes through.
  const others = ["empty", "emptyLike", "fromTypedArray", "toNested"];
  const exported = Object.values(families).flatMap((family) => Object.keys(family));
  assert.deepEqual(exported.filter((name) => !checked.has(name)).sort(), others.sort());
});
