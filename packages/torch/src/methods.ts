/**
 * Every operator of these families whose first operand is a tensor is also a method of `Tensor`: one definition, two ways
 * to write it.
 */
import * as matmul from "./ops/matmul.ts";
import * as nn from "./ops/nn.ts";
import * as pointwise from "./ops/pointwise.ts";
import * as reduce from "./ops/reduce.ts";
import * as shape from "./ops/shape.ts";
import { Tensor } from "./tensor.ts";

// `where`, `cat`, `stack` and `einsum` do not start with the tensor that they act on.
const { where: _where, ...pointwiseMethods } = pointwise;
const { cat: _cat, stack: _stack, ...shapeMethods } = shape;
const { einsum: _einsum, scaledDotProductAttention: _attention, ...matmulMethods } = matmul;

const families = { ...pointwiseMethods, ...reduce, ...shapeMethods, ...matmulMethods, ...nn };

// biome-ignore lint/suspicious/noExplicitAny: asking for Tensor here would make its type depend on itself.
type Method<F> = F extends (self: any, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;

declare module "./tensor.ts" {
  interface Tensor extends Methods {}
}

export type Methods = { [Name in keyof typeof families]: Method<(typeof families)[Name]> };

for (const [name, op] of Object.entries(families)) {
  const fn = op as (...values: unknown[]) => unknown;
  Object.defineProperty(Tensor.prototype, name, {
    value: function (this: Tensor, a?: unknown, b?: unknown, c?: unknown, d?: unknown) {
      return fn(this, a, b, c, d);
    },
  });
}
