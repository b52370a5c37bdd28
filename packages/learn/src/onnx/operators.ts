/**
 * ATen's operators as ONNX's: an entry each.
 *
 * Entry    reads its call, adds nodes, returns the name of the result.
 * Shapes   all sizes are written as numbers, but those that follow the number of images.
 * Source   ONNX's operator specification, opset 20.
 */
import { call as callOperator, eye, full, scope, type Tensor } from "@medssl/torch";
import type { Size, Value } from "./align-traces.ts";
import type { CallReader } from "./call-reader.ts";
import { float, int, ints, text } from "./graph.ts";
import type { GraphBuilder } from "./graph-builder.ts";

type Entry = (call: CallReader, graph: GraphBuilder) => string;

const isSame = (a: Size | undefined, b: Size | undefined): boolean =>
  typeof a === "object" && typeof b === "object" ? a.perImage === b.perImage : a === b;

/** The call's shape over the same elements in the same order. @param input Name of what has them. */
function reshape(call: CallReader, graph: GraphBuilder, input: string): string {
  const sizes = call.result.shape.map((size) => (typeof size === "number" ? size : -1));
  if (sizes.filter((size) => size === -1).length > 1) call.refuse("two sizes follow the number of images");
  return graph.node("Reshape", [input, graph.integers(sizes)]);
}

const reshaped =
  (...ignored: readonly string[]): Entry =>
  (call, graph) => {
    call.ignore(...ignored);
    return reshape(call, graph, graph.name(call.tensor("self")));
  };

/** The same values: libtorch makes a copy, or another order in memory. */
const same =
  (...ignored: readonly string[]): Entry =>
  (call, graph) => {
    call.ignore(...ignored);
    const input = call.tensor("self");
    if (input.dtype !== call.result.dtype) call.refuse(`it converts ${input.dtype} to ${call.result.dtype}`);
    return graph.name(input);
  };

const unary =
  (type: string): Entry =>
  (call, graph) =>
    graph.node(type, [graph.name(call.tensor("self"))]);

const withTensor =
  (type: string): Entry =>
  (call, graph) => {
    call.expect("alpha", 1);
    return graph.node(type, [graph.name(call.tensor("self")), graph.name(call.tensor("other"))]);
  };

const withNumber =
  (type: string): Entry =>
  (call, graph) => {
    call.expect("alpha", 1);
    return graph.node(type, [graph.name(call.tensor("self")), graph.real(call.number("other"))]);
  };

const positive = (axis: number, { shape }: Value): number => (axis < 0 ? axis + shape.length : axis);

const conv2d: Entry = (call, graph) => {
  const bias = call.optionalTensor("bias");
  const padding = call.pair("padding", 0);
  const inputs = [graph.name(call.tensor("input")), graph.constant(call.constant("weight"))];
  return graph.node("Conv", bias === undefined ? inputs : [...inputs, graph.name(bias)], {
    kernel_shape: ints(call.sizes(call.tensor("weight"), 2)),
    strides: ints(call.pair("stride", 1)),
    pads: ints([...padding, ...padding]),
    dilations: ints(call.pair("dilation", 1)),
    group: int(call.number("groups", 1)),
  });
};

const convTranspose2d: Entry = (call, graph) => {
  const bias = call.optionalTensor("bias");
  const padding = call.pair("padding", 0);
  const inputs = [graph.name(call.tensor("input")), graph.constant(call.constant("weight"))];
  return graph.node("ConvTranspose", bias === undefined ? inputs : [...inputs, graph.name(bias)], {
    kernel_shape: ints(call.sizes(call.tensor("weight"), 2)),
    strides: ints(call.pair("stride", 1)),
    pads: ints([...padding, ...padding]),
    output_padding: ints(call.pair("output_padding", 0)),
    dilations: ints(call.pair("dilation", 1)),
    group: int(call.number("groups", 1)),
  });
};

/** As one product of matrices, the rows of all images under each other: the weight stays as the network has it. */
const linear: Entry = (call, graph) => {
  const [input, weight, bias] = [call.tensor("x"), call.tensor("weight"), call.optionalTensor("bias")];
  const rows = graph.node("Reshape", [graph.name(input), graph.integers([-1, ...call.sizes(weight, 1)])]);
  const inputs = [rows, graph.constant(call.constant("weight"))];
  const product = graph.node("Gemm", bias === undefined ? inputs : [...inputs, graph.name(bias)], { transB: int(1) });
  return reshape(call, graph, product);
};

/** softmax(Q K^T / sqrt(d)) V of qkv [B, N, 3, h, d], for the tokens from `first` on. */
const selfAttention: Entry = (call, graph) => {
  const qkv = call.tensor("qkv");
  const [tokens, , , dim] = call.sizes(qkv, 1) as [number, number, number, number];
  const first = call.number("first", 0);
  const byHead = graph.node("Transpose", [graph.name(qkv)], { perm: ints([2, 0, 3, 1, 4]) }); // [3, B, h, N, d]
  const [all, key, value] = [0, 1, 2].map((part) =>
    graph.node("Gather", [byHead, graph.integers(part)], { axis: int(0) }),
  ) as [string, string, string];
  const query = first === 0 ? all : slice(graph, all, { axis: 2, start: first, end: tokens });
  const scaled = graph.node("Mul", [query, graph.real(1 / Math.sqrt(dim))]);
  const transposed = graph.node("Transpose", [key], { perm: ints([0, 1, 3, 2]) });
  const scores = graph.node("MatMul", [scaled, transposed]);
  const weights = graph.node("Softmax", [scores], { axis: int(-1) });
  const heads = graph.node("MatMul", [weights, value]); // [B, h, N, d]
  const byToken = graph.node("Transpose", [heads], { perm: ints([0, 2, 1, 3]) });
  return graph.node("Reshape", [byToken, graph.integers([-1, ...call.sizes(call.result, 1)])]);
};

const layerNorm: Entry = (call, graph) => {
  const axes = call.numbers("normalized_shape").length;
  call.ignore("cudnn_enable");
  const inputs = ["input", "weight", "bias"].map((name) => graph.name(call.tensor(name)));
  return graph.node("LayerNormalization", inputs, { axis: int(-axes), epsilon: float(call.number("eps", 1e-5)) });
};

const groupNorm: Entry = (call, graph) => {
  const input = call.tensor("input");
  const groups = call.number("num_groups");
  const [channels, ...sizes] = call.sizes(input, 1) as [number, ...number[]];
  const perGroup = sizes.reduce((product, size) => product * size, channels / groups);
  const epsilon = call.number("eps", 1e-5);
  call.ignore("cudnn_enabled");
  const grouped = graph.node("Reshape", [graph.name(input), graph.integers([-1, groups, perGroup])]);
  const [one, zero] = [1, 0].map((value) =>
    graph.table(`${value === 1 ? "ones" : "zeros"}_${groups}`, () => full([groups], value)),
  ) as [string, string];
  const normalized = graph.node("InstanceNormalization", [grouped, one, zero], { epsilon: float(epsilon) });
  const restored = graph.node("Reshape", [normalized, graph.integers([-1, channels, ...sizes])]);
  const asColumn = (tensor: Tensor) => tensor.view([channels, ...sizes.map(() => 1)]);
  const scale = graph.derived(call.constant("weight"), "column", asColumn);
  const shift = graph.derived(call.constant("bias"), "column", asColumn);
  return graph.node("Add", [graph.node("Mul", [restored, scale]), shift]);
};

const groupNormGelu: Entry = (call, graph) =>
  graph.node("Gelu", [groupNorm(call, graph)], { approximate: text("none") });

const groupNormLeakyRelu: Entry = (call, graph) =>
  graph.node("LeakyRelu", [groupNorm(call, graph)], { alpha: float(call.number("negative_slope", 0.01)) });

const maxPool2d: Entry = (call, graph) => {
  const size = call.numbers("kernel_size");
  const [height, width = height] = size as [number, number?];
  const stride = call.numbers("stride", size);
  const padding = call.pair("padding", 0);
  call.expect("dilation", 1);
  call.expect("ceil_mode", false);
  return graph.node("MaxPool", [graph.name(call.tensor("self"))], {
    kernel_shape: ints([height, width]),
    strides: ints(stride.length === 1 ? [stride[0]!, stride[0]!] : stride),
    pads: ints([...padding, ...padding]),
  });
};

/** Bilinear, pixels' outer edges aligned. */
const bilinear = (graph: GraphBuilder, name: string, size: readonly number[]): string =>
  graph.node("Resize", [name, "", "", graph.integers(size)], {
    mode: text("linear"),
    coordinate_transformation_mode: text("half_pixel"),
    axes: ints([2, 3]),
  });

const resize: Entry = (call, graph) => {
  call.expect("align_corners", false);
  return bilinear(graph, graph.name(call.tensor("self")), call.numbers("output_size"));
};

const resizeCat: Entry = (call, graph) => {
  const [input, skip] = [call.tensor("input"), call.tensor("skip")];
  const size = call.sizes(skip, 2);
  const isSame = call.sizes(input, 2).every((length, i) => length === size[i]);
  const resized = isSame ? graph.name(input) : bilinear(graph, graph.name(input), size);
  return graph.node("Concat", [resized, graph.name(skip)], { axis: int(1) });
};

/** What an operator does to each row and column of an image by itself, as products with constant matrices on both sides. */
const separable =
  (name: string, resample: (images: Tensor, size: readonly [number, number]) => Tensor): Entry =>
  (call, graph) => {
    call.expect("align_corners", false);
    const input = call.tensor("self");
    const [rows, columns] = call.sizes(input, 2) as [number, number];
    const [height, width] = call.numbers("output_size") as [number, number];
    // Row i of the unit matrix, resampled, is how much of pixel i there is in each pixel of the result.
    const shares = (from: number, to: number) =>
      resample(eye(from).view([1, 1, from, from]), [from, to]).view([from, to]);
    const left = graph.table(`${name}_rows_${rows}_${height}`, () => shares(rows, height).transpose(0, 1));
    const right = graph.table(`${name}_columns_${columns}_${width}`, () => shares(columns, width));
    return graph.node("MatMul", [left, graph.node("MatMul", [graph.name(input), right])]);
  };

const cat: Entry = (call, graph) =>
  graph.node(
    "Concat",
    call.tensors("tensors").map((tensor) => graph.name(tensor)),
    { axis: int(call.number("dim", 0)) },
  );

function slice(
  graph: GraphBuilder,
  input: string,
  { axis, start, end, step = 1 }: { axis: number; start: number; end: number; step?: number },
): string {
  return graph.node("Slice", [input, ...[[start], [end], [axis], [step]].map((list) => graph.integers(list))]);
}

const sliceTensor: Entry = (call, graph) => {
  const input = call.tensor("self");
  const axis = positive(call.number("dim", 0), input);
  const [start, step] = [call.number("start", 0), call.number("step", 1)];
  const end = call.number("end", 2 ** 53 - 1);
  if (isSame(input.shape[axis], call.result.shape[axis]) && step === 1) return graph.name(input);
  return slice(graph, graph.name(input), { axis, start, end, step });
};

const select: Entry = (call, graph) => {
  const input = call.tensor("self");
  const axis = positive(call.number("dim"), input);
  return graph.node("Gather", [graph.name(input), graph.integers(call.number("index"))], { axis: int(axis) });
};

const permute: Entry = (call, graph) => {
  const input = call.tensor("self");
  const order = call.numbers("dims").map((axis) => positive(axis, input));
  return graph.node("Transpose", [graph.name(input)], { perm: ints(order) });
};

const transpose: Entry = (call, graph) => {
  const input = call.tensor("self");
  const [first, second] = ["dim0", "dim1"].map((name) => positive(call.number(name), input)) as [number, number];
  const order = input.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  return graph.node("Transpose", [graph.name(input)], { perm: ints(order) });
};

/** Sizes of 1 repeated; the number of images is asked of the images themselves. */
const expand: Entry = (call, graph) => {
  call.ignore("size", "implicit");
  const sizes = call.result.shape.map((size) => {
    if (typeof size === "number") return graph.integers([size]);
    if (size.perImage !== 1) call.refuse("a size is a multiple of the number of images");
    return graph.batch;
  });
  return graph.node("Expand", [graph.name(call.tensor("self")), graph.node("Concat", sizes, { axis: int(0) })]);
};

const softmax: Entry = (call, graph) => {
  call.expect("dtype", null);
  return graph.node("Softmax", [graph.name(call.tensor("self"))], { axis: int(call.number("dim")) });
};

const resampledBy =
  (operator: string) =>
  (images: Tensor, size: readonly [number, number]): Tensor =>
    scope(() => callOperator(operator, [images, size, false]) as Tensor);

export const operators: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ["aten::conv2d", conv2d],
  ["aten::conv_transpose2d.input", convTranspose2d],
  ["medssl::linear", linear],
  ["medssl::self_attention", selfAttention],
  ["aten::layer_norm", layerNorm],
  ["aten::group_norm", groupNorm],
  ["medssl::group_norm_gelu", groupNormGelu],
  ["medssl::group_norm_leaky_relu", groupNormLeakyRelu],
  ["aten::max_pool2d", maxPool2d],
  ["aten::upsample_bilinear2d", resize],
  ["medssl::resize_cat", resizeCat],
  ["aten::_upsample_bilinear2d_aa", separable("antialias", resampledBy("aten::_upsample_bilinear2d_aa"))],
  [
    "aten::adaptive_avg_pool2d",
    separable("pool", (images, size) => callOperator("aten::adaptive_avg_pool2d", [images, size]) as Tensor),
  ],
  [
    "aten::gelu",
    (call, graph) =>
      graph.node("Gelu", [graph.name(call.tensor("self"))], { approximate: text(call.text("approximate", "none")) }),
  ],
  [
    "aten::leaky_relu",
    (call, graph) =>
      graph.node("LeakyRelu", [graph.name(call.tensor("self"))], { alpha: float(call.number("negative_slope", 0.01)) }),
  ],
  ["aten::relu", unary("Relu")],
  ["aten::sigmoid", unary("Sigmoid")],
  ["aten::tanh", unary("Tanh")],
  ["aten::softmax.int", softmax],
  ["aten::matmul", withTensor("MatMul")],
  ["aten::add.Tensor", withTensor("Add")],
  ["aten::sub.Tensor", withTensor("Sub")],
  ["aten::mul.Tensor", withTensor("Mul")],
  ["aten::div.Tensor", withTensor("Div")],
  ["aten::add.Scalar", withNumber("Add")],
  ["aten::sub.Scalar", withNumber("Sub")],
  ["aten::mul.Scalar", withNumber("Mul")],
  ["aten::div.Scalar", withNumber("Div")],
  ["aten::cat", cat],
  ["aten::slice.Tensor", sliceTensor],
  ["aten::select.int", select],
  ["aten::permute", permute],
  ["aten::transpose.int", transpose],
  ["aten::expand", expand],
  ["aten::view", reshaped("size")],
  ["aten::reshape", reshaped("shape")],
  ["aten::flatten.using_ints", reshaped("start_dim", "end_dim")],
  ["aten::unflatten.int", reshaped("dim", "sizes")],
  ["aten::unsqueeze", reshaped("dim")],
  ["aten::squeeze.dim", reshaped("dim")],
  ["aten::to.dtype_layout", same("dtype", "layout", "device", "non_blocking", "copy", "memory_format")],
  ["aten::contiguous", same("memory_format")],
  ["aten::clone", same("memory_format")],
  ["aten::detach", same()],
]);
