import assert from "node:assert/strict";
import { test } from "node:test";
import { add, arange, call, eye, ones, operator, scope, Tensor, tensor, zeros } from "./index.ts";

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

test("arguments left out take the schema's defaults", () => {
  assert.deepEqual((call("aten::add.Tensor", [x, x]) as Tensor).toNested(), x.mul(2).toNested());
  assert.deepEqual((call("aten::std.correction", [x, [1]]) as Tensor).toNested(), [1, 1]);
});

test("arguments may be named, and those between keep their defaults", () => {
  const std = call("aten::std.correction", [x], { keepdim: true, correction: 0 }) as Tensor;
  assert.deepEqual(std.shape, [1, 1]);
  assert.ok(Math.abs(std.item() - Math.sqrt(35 / 12)) < 1e-6); // of 1..6: (6 * 6 - 1) / 12
  assert.deepEqual((call("aten::add.Tensor", [x, x], { alpha: 2 }) as Tensor).toNested(), x.mul(3).toNested());
});

test("numbers are passed as what the schema wants", () => {
  assert.deepEqual((call("aten::add.Tensor", [x, 1]) as Tensor).toNested(), x.add(1).toNested()); // as a tensor
  assert.equal((call("aten::add.Tensor", [arange(0, 2), 1]) as Tensor).dtype, "int64");
  assert.equal((call("aten::add.Tensor", [arange(0, 2), 0.5]) as Tensor).dtype, "float32");
  assert.deepEqual((call("aten::max_pool2d", [zeros([1, 1, 4, 4]), 2, [2, 2]]) as Tensor).shape, [1, 1, 2, 2]);
  assert.deepEqual((call("aten::sum.dim_IntList", [x, 0]) as Tensor).toNested(), [5, 7, 9]); // int[1]
  assert.equal((call("aten::clamp", [x, 2.5, 5]) as Tensor).sum().item(), 2.5 + 2.5 + 3 + 4 + 5 + 5);
});

test("a number beyond int64's exact range stays what it is", () => {
  assert.equal(
    tensor([0])
      .maskedFill(tensor([true], { dtype: "bool" }), -1e30)
      .item(),
    Math.fround(-1e30),
  );
  assert.equal(tensor([1]).mul(1e300).item(), Number.POSITIVE_INFINITY);
  assert.equal(tensor([1]).add(Number.NaN).isnan().item(), 1);
});

test("lists of tensors, of tensors left out, of numbers, of booleans; a tensor alone as a list", () => {
  assert.deepEqual((call("aten::cat", [[x, x], 1]) as Tensor).shape, [2, 6]);
  assert.deepEqual((call("aten::cat", [x]) as Tensor).toNested(), x.toNested());
  const columns = call("aten::index.Tensor", [x, [null, tensor([2, 0], { dtype: "int64" })]]) as Tensor;
  assert.deepEqual(columns.toNested(), [
    [3, 1],
    [6, 4],
  ]);
  const scaled = call("aten::upsample_bilinear2d.vec", [zeros([1, 1, 2, 2]), null, false, [2.5, 2]]) as Tensor;
  assert.deepEqual(scaled.shape, [1, 1, 5, 4]);
  const x2 = ones([1, 1, 2, 2]);
  const wanted = [false, true, false];
  const gradients = call("aten::convolution_backward", [
    ...[x2, x2, ones([1, 1, 1, 1]), null, [1, 1], [0, 0], [1, 1], false, [0, 0], 1],
    wanted,
  ]) as (Tensor | null)[];
  assert.deepEqual(
    gradients.map((gradient) => gradient instanceof Tensor),
    wanted,
  );
});

test("optional tensors, strings, element types, devices and memory formats", () => {
  assert.deepEqual((call("aten::linear", [x, eye(3), null]) as Tensor).toNested(), x.toNested());
  assert.deepEqual((call("aten::div.Tensor_mode", [x, 2], { rounding_mode: "floor" }) as Tensor).toNested(), [
    [0, 1, 1],
    [2, 2, 3],
  ]);
  assert.deepEqual((call("aten::einsum", ["ij->ji", [x]]) as Tensor).shape, [3, 2]);
  const made = call("aten::zeros", [[2]], { dtype: "int16", device: "cpu:0" }) as Tensor;
  assert.equal(made.dtype, "int16");
  assert.equal(made.device, "cpu");
  assert.equal(
    (call("aten::clone", [zeros([1, 2, 3, 3])], { memory_format: "channelsLast" }) as Tensor).isContiguous,
    false,
  );
});

test("several results come as an array, however many; a list as an array in it", () => {
  const [values, indices] = call("aten::max.dim", [x, 1]) as [Tensor, Tensor];
  assert.deepEqual(
    [values.toNested(), indices.toNested()],
    [
      [3, 6],
      [2, 2],
    ],
  );
  const rows = zeros([3000, 2]).unbind();
  assert.equal(rows.length, 3000);
  assert.deepEqual(rows[2999]!.shape, [2]);
  assert.equal(call("aten::item", [tensor([2.5])]), 2.5);
  assert.equal(call("aten::is_nonzero", [tensor([1])]), true);
  assert.deepEqual(call("aten::_foreach_add_.Scalar", [[zeros([1])], 1]), []);
});

test("long lists are passed whole", () => {
  const many = Array.from({ length: 5000 }, (_, i) => i);
  const parts = scope(() => call("aten::split_with_sizes", [zeros([5000]), many.map(() => 1)]) as Tensor[]);
  assert.equal(parts.length, 5000);
  assert.equal((call("aten::cat", [parts]) as Tensor).numel, 5000);
});

test("an operator in place returns the object that it was given, and its new shape", () => {
  const y = ones([2, 3]);
  assert.equal(y.add_(1), y);
  assert.deepEqual(y.shape, [2, 3]);
  assert.equal(call("aten::unsqueeze_", [y, 0]), y);
  assert.deepEqual(y.shape, [1, 2, 3]);
  const out = zeros([2, 3]);
  assert.equal(call("aten::add.out", [x, x], { out }), out);
  assert.deepEqual(out.toNested(), x.mul(2).toNested());
});

test("a failure names the operator, PyTorch's reason and every argument", () => {
  assert.throws(() => x.matmul(x), {
    code: "ERR_TORCH",
    // "mm: " in some versions of libtorch
    message:
      /^aten::matmul: (mm: )?mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\) \(self: Float\[2, 3\], other: Float\[2, 3\]\)$/,
  });
  assert.throws(
    () => add(x, ones([2])),
    /^Error: aten::add\.Tensor: The size of tensor a \(3\) must match .* other: Float\[2\]/,
  );
  assert.throws(
    () => x.view([7]),
    /aten::view: shape '\[7\]' is invalid for input of size 6 \(self: Float\[2, 3\], size: \[7\]\)/,
  );
});

test("wrong arguments are refused with operator, argument, expected and got", () => {
  const refused: [values: unknown[], name: string, message: RegExp][] = [
    [[x], "aten::add.Tensor", /aten::add\.Tensor: missing argument 'other' \(Tensor\)/],
    [[x, null], "aten::add.Tensor", /argument 'other': expected Tensor, got none/],
    [[x, "one"], "aten::add.Tensor", /aten::add\.Tensor: argument 'other': expected Tensor, got "one"/],
    [[x, {}], "aten::add.Tensor", /argument 'other': expected Tensor, got Object/],
    [[x, 1, 1, 1, 1], "aten::add.Tensor", /aten::add\.Tensor: expected at most 3 arguments, got 5/],
    [[x, 2.5], "aten::unsqueeze", /argument 'dim': expected int, got a number that is no integer/],
    [[x, x], "aten::unsqueeze", /argument 'dim': expected int, got a tensor/],
    [[x, true], "aten::unsqueeze", /argument 'dim': expected int, got a boolean/],
    [[x, [2.5, 1]], "aten::view", /argument 'size': expected int\[\], got a list with a number that is no integer/],
    [[x, [Number.NaN]], "aten::view", /argument 'size': expected int\[\]/],
    [[x, [x]], "aten::view", /argument 'size': expected int\[\], got a list of tensors/],
    [[x, new Float64Array(5000)], "aten::view", /argument 'size': expected int\[\], got Float64Array/],
    [[[1, 2]], "aten::cat", /argument 'tensors': expected Tensor\[\], got a list of numbers/],
    [[[x, null]], "aten::cat", /aten::cat: not the handle of a tensor/],
    [[[x, 1]], "aten::cat", /argument 'tensors': expected Tensor\[\], got Number/],
    [[3, [x]], "aten::einsum", /argument 'equation': expected str, got a number/],
    [[[1], "toString"], "aten::zeros", /aten::zeros: argument 'dtype': expected ScalarType\?, got "toString"/],
    [[[1], 6], "aten::zeros", /argument 'dtype': expected ScalarType\?, got Number/],
    [[x, "float32"], "aten::unsqueeze", /argument 'dim': expected int, got "float32"/],
    [[x, "int64"], "aten::contiguous", /argument 'memory_format': expected MemoryFormat, got "int64"/],
    [[x, 2n], "aten::unsqueeze", /argument 'dim': expected int, got BigInt/],
  ];
  for (const [values, name, message] of refused) assert.throws(() => call(name, values as Tensor[]), message);
  assert.throws(() => call("aten::zeros", [[1]], { device: "gpu" }), { code: "ERR_DEVICE", message: /"gpu"/ });
  assert.throws(
    () => call("aten::add.Tensor", [x, x], { beta: 1 }),
    /aten::add\.Tensor has no argument "beta": it has self, other, alpha/,
  );
  assert.throws(() => call("aten::nothing", [x]), /no operator "aten::nothing"; names look like "aten::add\.Tensor"/);
  assert.throws(() => operator("aten::add.Nothing")(x), /no operator "aten::add\.Nothing"/);
});

test("memory that the machine does not have is an error", () => {
  assert.throws(() => zeros([2 ** 30, 2 ** 20]), /aten::zeros: .*(allocate|memory)/);
});
