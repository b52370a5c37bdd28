/** What a traced function calls, with what, and what is left of it afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTracedTensor, ones, scope, tensor, trace } from "./index.ts";

test("calls are listed with their arguments by name; what does not depend on the input keeps its value", () => {
  const weight = tensor([1, 2, 3]);
  const input = ones([2, 3]);
  const { inputs, calls, output } = trace((x) => scope(() => scope(() => x.add(weight.mul(2))).slice(1, 1)), input);
  assert.deepEqual(
    calls.map(({ operator }) => operator),
    ["aten::mul.Scalar", "aten::add.Tensor", "aten::slice.Tensor"],
  );
  const [mul, add, slice] = calls;
  assert.deepEqual([...mul!.arguments.keys()], ["self", "other"]);
  assert.equal(mul!.arguments.get("other"), 2);
  const self = mul!.arguments.get("self");
  assert.ok(isTracedTensor(self) && self.source === weight && !self.dependsOnInput);
  assert.equal(add!.arguments.get("self"), inputs[0]);
  // The product was released with its scope; its value is there all the same.
  assert.deepEqual(mul!.results[0]!.constant!.toNested(), [2, 4, 6]);
  assert.equal(mul!.results[0]!.source.isLive, false);
  assert.equal(add!.arguments.get("other"), mul!.results[0]);
  assert.deepEqual([add!.results[0]!.dependsOnInput, add!.results[0]!.constant], [true, undefined]);
  assert.equal(slice!.results[0], output);
  assert.deepEqual(output.shape, [2, 2]);
});

test("lists of tensors are traced; a change in place is refused, and leaves nothing traced behind", () => {
  const { calls } = trace((x) => x.unbind(0)[1]!, ones([2, 3]));
  assert.equal(calls[0]!.results.length, 2);
  assert.throws(() => trace((x) => x.mul_(2), ones([2])), {
    code: "ERR_TRACE_IN_PLACE",
    message: /aten::mul_\.Scalar/,
  });
  assert.deepEqual(ones([2]).mul_(2).toNested(), [2, 2]);
});
