/**
 * Two traces of one network, of two numbers of images, as one whose sizes tell what follows the number of images.
 *
 * Sizes    what differs between the traces must be a multiple of the number of images; then it is one for any number.
 * Images   differ too: so a number that was read from pixels, or a branch that they took, shows as a difference.
 * Errors   `ERR_ONNX_BATCH` naming the operator where the traces differ in any other way.
 */
import { MedsslError } from "@medssl/contract";
import {
  type DType,
  isTracedTensor,
  scope,
  type Tensor,
  type Trace,
  type TracedArgument,
  type TracedCall,
  type TracedTensor,
} from "@medssl/torch";
import { bytesOf } from "./graph.ts";

/** A number, or a multiple of the number of images. */
export type Size = number | { readonly perImage: number };

export interface Value {
  readonly shape: readonly Size[];
  readonly dtype: DType;
  /** Of what is the same whatever the images and their number. */
  readonly constant: Constant | undefined;
}

export interface Constant {
  readonly tensor: Tensor;
  /** The object that the network had: a parameter, or what was made of some. */
  readonly source: Tensor;
}

export type CallArgument = boolean | string | null | Size | Value | readonly (Size | boolean | Value | null)[];

export interface Call {
  readonly operator: string;
  readonly arguments: ReadonlyMap<string, CallArgument>;
  readonly results: readonly Value[];
}

export interface AlignedTrace {
  readonly input: Value;
  readonly calls: readonly Call[];
  readonly output: Value;
}

/** @param batches Number of images in each trace. @param describe A call of the first trace, for messages. */
export function alignTraces(
  [small, large]: readonly [Trace, Trace],
  batches: readonly [number, number],
  describe: (index: number) => string,
): AlignedTrace {
  const values = new Map<TracedTensor, Value>();

  const refuse = (operator: string, what: string): never => {
    throw new MedsslError("ERR_ONNX_BATCH", `${operator}: ${what}`, {
      hint: "Nothing was exported. The network can only be exported if all it computes is the same for any images and any number of them.",
    });
  };

  const alignSize = (a: number, b: number, operator: string): Size => {
    if (Object.is(a, b)) return a;
    const perImage = a / batches[0];
    if (!Number.isInteger(perImage) || perImage * batches[1] !== b) {
      refuse(
        operator,
        `${a} for ${batches[0]} images and ${b} for ${batches[1]} others is no multiple of their number.`,
      );
    }
    return { perImage };
  };

  const alignTensor = (a: TracedTensor, b: TracedTensor, operator: string): Value => {
    const known = values.get(a);
    if (known !== undefined) return known;
    if (a.shape.length !== b.shape.length || a.dtype !== b.dtype || a.dependsOnInput !== b.dependsOnInput) {
      refuse(operator, "it sees tensors of another kind when the images are others.");
    }
    const shape = a.shape.map((size, axis) => alignSize(size, b.shape[axis]!, operator));
    const isSame = !a.dependsOnInput && shape.every((size) => typeof size === "number");
    const constant = isSame ? alignConstant(a, b, operator) : undefined;
    const value = { shape, dtype: a.dtype, constant };
    values.set(a, value);
    return value;
  };

  const alignConstant = (a: TracedTensor, b: TracedTensor, operator: string): Constant => {
    const tensor = a.constant!;
    if (a.source !== b.source && !isEqual(tensor, b.constant!)) {
      refuse(operator, "what it sees besides the images differs from one to another.");
    }
    return { tensor, source: a.source };
  };

  const alignItem = (a: unknown, b: unknown, operator: string): Size | boolean | Value | null => {
    if (isTracedTensor(a) && isTracedTensor(b)) return alignTensor(a, b, operator);
    if (typeof a === "number" && typeof b === "number") return alignSize(a, b, operator);
    if ((typeof a === "boolean" || a === null) && a === b) return a;
    return refuse(operator, "its arguments are of another kind when the images are others.");
  };

  const alignArgument = (a: TracedArgument, b: TracedArgument | undefined, operator: string): CallArgument => {
    if (typeof a === "string" && a === b) return a;
    if (!Array.isArray(a) || !Array.isArray(b)) return alignItem(a, b, operator);
    if (a.length !== b.length) refuse(operator, "it has lists of another length when the images are others.");
    return a.map((item, i) => alignItem(item, b[i], operator));
  };

  const alignCall = (a: TracedCall, index: number): Call => {
    const { operator } = a;
    const b = large.calls[index];
    if (b?.operator !== operator || b.arguments.size !== a.arguments.size || b.results.length !== a.results.length) {
      refuse(describe(index), `for other images the network calls ${b?.operator ?? "nothing"} instead.`);
    }
    const others = b!;
    const where = describe(index);
    const aligned = [...a.arguments].map(([name, value]): [string, CallArgument] => [
      name,
      alignArgument(value, others.arguments.get(name), where),
    ]);
    const results = a.results.map((result, i) => alignTensor(result, others.results[i]!, where));
    return { operator, arguments: new Map(aligned), results };
  };

  const input = alignTensor(small.inputs[0]!, large.inputs[0]!, "the network's input");
  const calls = small.calls.map((call, i) => alignCall(call, i));
  const extra = large.calls[small.calls.length];
  if (extra !== undefined) refuse(extra.operator, "the network calls it for other images only.");
  return { input, calls, output: alignTensor(small.output, large.output, "the network's output") };
}

const isEqual = (a: Tensor, b: Tensor): boolean => Buffer.from(tensorBytes(a)).equals(tensorBytes(b));

/** The elements in row-major order, from whichever device and memory order. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  return bytesOf(scope(() => tensor.detach().to({ device: "cpu" }).contiguous().toTypedArray()));
}
