/** Products of matrices, and attention. */
import { operator } from "../operator.ts";
import type { Tensor } from "../tensor.ts";

const aten = {
  matmul: operator("aten::matmul"),
  linear: operator("medssl::linear"),
  einsum: operator("aten::einsum"),
  attention: operator("aten::scaled_dot_product_attention"),
  selfAttention: operator("medssl::self_attention"),
};

/** [..., n, k] x [..., k, m] -> [..., n, m]; leading axes broadcast. */
export function matmul(self: Tensor, other: Tensor): Tensor {
  return aten.matmul(self, other);
}

/** x W^T + b. @param self [..., in] @param weight [out, in] @param bias [out] @returns [..., out] */
export function linear(self: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return aten.linear(self, weight, bias);
}

/** Einstein's sum: `einsum("bnd,bmd->bnm", [a, b])`. */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  return aten.einsum(equation, tensors);
}

/**
 * softmax(Q K^T / sqrt(d)) V.
 *
 * @param query [batch, heads, n, d] @param key [batch, heads, m, d] @param value [batch, heads, m, d]
 * @param dropout Probability with which a weight is dropped. @returns [batch, heads, n, d]
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, dropout = 0): Tensor {
  return aten.attention(query, key, value, null, dropout);
}

/**
 * Attention of tokens among themselves, heads side by side as a linear layer gives them and takes them.
 *
 * @param qkv Queries, keys and values [batch, n, 3, heads, d]
 * @param first Position of the first token that asks; all are listened to. @returns [batch, n - first, heads * d]
 */
export function selfAttention(qkv: Tensor, first = 0): Tensor {
  return aten.selfAttention(qkv, first);
}
