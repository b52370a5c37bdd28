/**
 * Element by element: arithmetic, functions, comparisons.
 *
 * Shapes  operands broadcast: axes are aligned at the end, and an axis of size 1 (or a missing one) is repeated.
 * Names   PyTorch's. A trailing underscore changes the first operand in place and returns it.
 */
import { operator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

export type Operand = Tensor | number;

/** The overload for a tensor or the one for a number. */
function binary(name: string): (self: Tensor, other: Operand) => Tensor {
  const withTensor = operator(`aten::${name}.Tensor`);
  const withNumber = operator(`aten::${name}.Scalar`);
  return (self, other) => (typeof other === "number" ? withNumber(self, other) : withTensor(self, other));
}

function unary(name: string): (self: Tensor) => Tensor {
  const op = operator(`aten::${name}`);
  return (self) => op(self);
}

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const add_ = binary("add_");
export const sub_ = binary("sub_");
export const mul_ = binary("mul_");
export const div_ = binary("div_");

export const eq = binary("eq");
export const ne = binary("ne");
export const lt = binary("lt");
export const le = binary("le");
export const gt = binary("gt");
export const ge = binary("ge");

export const neg = unary("neg");
export const abs = unary("abs");
export const sign = unary("sign");
export const square = unary("square");
export const sqrt = unary("sqrt");
export const rsqrt = unary("rsqrt");
export const reciprocal = unary("reciprocal");
export const exp = unary("exp");
export const log = unary("log");
export const log1p = unary("log1p");
export const sin = unary("sin");
export const cos = unary("cos");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const relu = unary("relu");
export const silu = unary("silu");
export const floor = unary("floor");
export const ceil = unary("ceil");
export const round = unary("round");
export const isnan = unary("isnan");
export const isfinite = unary("isfinite");
export const logicalNot = unary("logical_not");
export const zero_ = unary("zero_");
export const exp_ = unary("exp_");
export const sqrt_ = unary("sqrt_");

const aten = {
  addcmul: operator("aten::addcmul"),
  pow: operator("aten::pow.Tensor_Scalar"),
  powTensor: operator("aten::pow.Tensor_Tensor"),
  clamp: operator("aten::clamp"),
  clamp_: operator("aten::clamp_"),
  minimum: operator("aten::minimum"),
  maximum: operator("aten::maximum"),
  logicalAnd: operator("aten::logical_and"),
  logicalOr: operator("aten::logical_or"),
  where: operator("aten::where.self"),
  maskedFill: operator("aten::masked_fill.Scalar"),
  lerp: operator("aten::lerp.Tensor"),
  lerpNumber: operator("aten::lerp.Scalar"),
  lerpNumber_: operator("aten::lerp_.Scalar"),
  fill_: operator("aten::fill_.Scalar"),
  copy_: operator("aten::copy_"),
  uniform_: operator("aten::uniform_"),
  normal_: operator("aten::normal_"),
  gelu: operator("aten::gelu"),
  leakyRelu: operator("aten::leaky_relu"),
};

/** x * Phi(x), exact (erf) or by tanh. */
export function gelu(self: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return aten.gelu(self, approximate);
}

/** x, or slope * x where x is negative. */
export function leakyRelu(self: Tensor, slope = 0.01): Tensor {
  return aten.leakyRelu(self, slope);
}

export function pow(self: Tensor, exponent: Operand): Tensor {
  return typeof exponent === "number" ? aten.pow(self, exponent) : aten.powTensor(self, exponent);
}

/** self + value * first * second */
export function addcmul(self: Tensor, first: Tensor, second: Tensor, value = 1): Tensor {
  return aten.addcmul(self, first, second, value);
}

/** Limits the values to [min, max]; either may be left out. */
export function clamp(self: Tensor, min?: number, max?: number): Tensor {
  return aten.clamp(self, min ?? null, max ?? null);
}

export function clamp_(self: Tensor, min?: number, max?: number): Tensor {
  return aten.clamp_(self, min ?? null, max ?? null);
}

export function minimum(self: Tensor, other: Tensor): Tensor {
  return aten.minimum(self, other);
}

export function maximum(self: Tensor, other: Tensor): Tensor {
  return aten.maximum(self, other);
}

export function logicalAnd(self: Tensor, other: Tensor): Tensor {
  return aten.logicalAnd(self, other);
}

export function logicalOr(self: Tensor, other: Tensor): Tensor {
  return aten.logicalOr(self, other);
}

/** `self` where the condition (bool, broadcast) holds, else `other`. */
export function where(condition: Tensor, self: Tensor, other: Tensor): Tensor {
  return aten.where(condition, self, other);
}

/** `value` where `mask` (bool, broadcast) holds. */
export function maskedFill(self: Tensor, mask: Tensor, value: number): Tensor {
  return aten.maskedFill(self, mask, value);
}

/** self + weight * (end - self) */
export function lerp(self: Tensor, end: Tensor, weight: Operand): Tensor {
  return typeof weight === "number" ? aten.lerpNumber(self, end, weight) : aten.lerp(self, end, weight);
}

export function lerp_(self: Tensor, end: Tensor, weight: number): Tensor {
  return aten.lerpNumber_(self, end, weight);
}

export function fill_(self: Tensor, value: number): Tensor {
  return aten.fill_(self, value);
}

/** Copies `source` (broadcast, converted) into this tensor. */
export function copy_(self: Tensor, source: Tensor): Tensor {
  return aten.copy_(self, source);
}

/** Fills with values uniform on [from, to). */
export function uniform_(self: Tensor, from = 0, to = 1): Tensor {
  return aten.uniform_(self, from, to);
}

/** Fills with normal values. */
export function normal_(self: Tensor, mean = 0, std = 1): Tensor {
  return aten.normal_(self, mean, std);
}
