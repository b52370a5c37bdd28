/**
 * What a function computes, as a list of operator calls: the raw material of an export.
 *
 * Values    tensors are told apart by their JavaScript object, so that one that its scope has released keeps its place.
 * Constants what does not depend on the inputs (parameters, tables, ...) keeps its value as long as the trace is kept.
 * Limits    one run is recorded: a branch that was not taken is not in it. Reading values into JavaScript is not seen; whoever
 *           compares traces of different inputs finds it out.
 * Errors    `ERR_TRACE_IN_PLACE` for an operator that changes a tensor, which a list of values cannot tell.
 */
import { MedsslError } from "@medssl/contract";
import type { DType } from "./dtype.ts";
import { type Argument, observeCalls, operator, type Result } from "./operator.ts";
import { Tensor } from "./tensor.ts";

export interface TracedTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly dependsOnInput: boolean;
  /** The object that the function had, live or released. */
  readonly source: Tensor;
  /** The value of what does not depend on the inputs, live. */
  readonly constant: Tensor | undefined;
}

type Plain = Exclude<Argument, Tensor | readonly (Tensor | null)[]>;

export type TracedArgument = Plain | TracedTensor | readonly (TracedTensor | null)[];

export interface TracedCall {
  /** As `aten::add.Tensor`. */
  readonly operator: string;
  /** By the schema's names; those left out are missing. */
  readonly arguments: ReadonlyMap<string, TracedArgument>;
  /** Tensors among the results, in order. */
  readonly results: readonly TracedTensor[];
}

export interface Trace {
  readonly inputs: readonly TracedTensor[];
  readonly calls: readonly TracedCall[];
  readonly output: TracedTensor;
}

const detach = operator("aten::detach");

/** Runs `fn` on the inputs and returns what it called. */
export function trace(fn: (...inputs: Tensor[]) => Tensor, ...inputs: readonly Tensor[]): Trace {
  const known = new Map<Tensor, TracedTensor>();
  const calls: TracedCall[] = [];
  const add = (source: Tensor, dependsOnInput: boolean): TracedTensor => {
    const constant = dependsOnInput ? undefined : detach(source).keep();
    const traced = { shape: source.shape, dtype: source.dtype, dependsOnInput, source, constant };
    known.set(source, traced);
    return traced;
  };
  const use = (tensor: Tensor): TracedTensor => known.get(tensor) ?? add(tensor, false);
  const traceArgument = (value: Argument): TracedArgument => {
    if (value instanceof Tensor) return use(value);
    if (!Array.isArray(value)) return value as Plain;
    return value.map((item) => (item instanceof Tensor ? use(item) : item));
  };
  const tracedInputs = inputs.map((input) => add(input, true));
  const output = observeCalls(
    (schema, values, result) => {
      if (schema.returned >= 0) refuse(schema.name);
      const names = schema.arguments.map(({ name }) => name);
      const traced = values.flatMap((value, i): [string, TracedArgument][] =>
        value === undefined ? [] : [[names[i]!, traceArgument(value)]],
      );
      const depends = traced.some(([, value]) => dependsOnInput(value));
      const results = tensorsIn(result).map((tensor) => known.get(tensor) ?? add(tensor, depends));
      calls.push({ operator: schema.name, arguments: new Map(traced), results });
    },
    () => fn(...inputs),
  );
  return { inputs: tracedInputs, calls, output: use(output) };
}

export const isTracedTensor = (value: unknown): value is TracedTensor =>
  typeof value === "object" && value !== null && "source" in value && value.source instanceof Tensor;

const dependsOnInput = (value: TracedArgument): boolean =>
  Array.isArray(value) ? value.some(dependsOnInput) : isTracedTensor(value) && value.dependsOnInput;

function tensorsIn(result: Result): Tensor[] {
  if (result instanceof Tensor) return [result];
  return Array.isArray(result) ? result.flatMap(tensorsIn) : [];
}

function refuse(name: string): never {
  throw new MedsslError("ERR_TRACE_IN_PLACE", `${name} changes a tensor in place, which cannot be traced.`, {
    hint: "Use the operator's form that returns a new tensor, without the trailing underscore.",
  });
}
