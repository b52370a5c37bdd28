/** Methods of tensors are the operators, typed: `tsc` checks the lines marked with @ts-expect-error. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ones, type Tensor, tensor } from "./index.ts";

test("methods chain and take the operator's optional arguments", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  const loss: Tensor = x.add(1).mul(x).softmax(1).log().mean([0, 1], true);
  assert.deepEqual(loss.shape, [1, 1]);
  const [values, indices]: [Tensor, Tensor] = x.topk(1);
  const value: number = values.sum().item();
  assert.deepEqual([value, indices.dtype], [6, "int64"]);
  const halves: Tensor[] = x.chunk(2, 1);
  assert.equal(halves.length, 2);
});

test("wrong types are compile errors", () => {
  const x = ones([2, 2]);
  const wrong: (() => unknown)[] = [
    // @ts-expect-error: an operand is a tensor or a number
    () => x.add("1"),
    // @ts-expect-error: a shape is a list
    () => x.view(4),
    // @ts-expect-error: the second operand is missing
    () => x.matmul(),
    // @ts-expect-error: no such mode
    () => x.gelu("fast"),
    // @ts-expect-error: no such element type
    () => x.to({ dtype: "float" }),
    // @ts-expect-error: too many arguments
    () => x.relu(1).exp(2),
    // @ts-expect-error: not an operator
    () => x.nothing(),
    // @ts-expect-error: shapes are read-only
    () => x.shape.push(1),
    // @ts-expect-error: `where` starts with its condition, and is no method
    () => x.where(x, x),
  ];
  assert.equal(wrong.length, 9);
});
