/**
 * Any ATen operator, called through the dispatcher.
 *
 * `operator("aten::add.Tensor")` looks the schema up once, on the first call; arguments are converted by what they are
 * and what the schema wants. The op families in `ops/` are typed names for it; `call` reaches everything else.
 */

import { deviceCode } from "./device.ts";
import { dtypeCodes } from "./dtype.ts";
import { callBuffer, native, reserveCallBuffer } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** An argument; `undefined` takes the schema's default, `null` is None. */
export type Argument =
  | Tensor
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly number[]
  | readonly boolean[]
  | readonly (Tensor | null)[];

/** What an operator returns: one value, or an array where the schema has several. */
export type Result = Tensor | number | boolean | null | Result[];

interface Parameter {
  readonly name: string;
  readonly type: string;
  /** The names that it takes, where it is an enumeration; their numbers are libtorch's alone to see. */
  readonly codes: ReadonlyMap<string, number> | undefined;
}

export interface Schema {
  readonly name: string;
  readonly index: number;
  /** Position of the argument that is changed in place and returned, or -1. */
  readonly returned: number;
  readonly arguments: readonly Parameter[];
}

// The tags of native/operators.cc.
const tag = {
  default: 0,
  none: 1,
  tensor: 2,
  integer: 3,
  real: 4,
  boolean: 5,
  numbers: 6,
  tensors: 7,
  string: 8,
  device: 9,
} as const;

// c10/core/ScalarType.h, c10/core/MemoryFormat.h, c10/core/Layout.h
const enumerations: Readonly<Record<string, ReadonlyMap<string, number>>> = {
  ScalarType: dtypeCodes,
  MemoryFormat: new Map(Object.entries({ contiguous: 0, preserve: 1, channelsLast: 2 })),
  Layout: new Map([["strided", 0]]),
};

const stringIds = new Map<string, number>();

function stringId(text: string): number {
  let id = stringIds.get(text);
  if (id === undefined) {
    id = native.stringId(text);
    stringIds.set(text, id);
  }
  return id;
}

function findSchema(name: string): Schema {
  const [base = "", overload = ""] = name.split(".");
  const json = native.findOperator(base, overload);
  if (json === "") throw new Error(`libtorch has no operator "${name}"; names look like "aten::add.Tensor"`);
  const schema = JSON.parse(json);
  const parameters = schema.arguments.map((parameter: Parameter) => ({
    ...parameter,
    codes: enumerations[parameter.type.replace("?", "")],
  }));
  return { ...schema, name, arguments: parameters };
}

function refuse({ name, type }: Parameter, value: unknown): never {
  const got = typeof value === "string" ? JSON.stringify(value) : Object.prototype.toString.call(value).slice(8, -1);
  throw new TypeError(`argument '${name}': expected ${type.replace("SymInt", "int")}, got ${got}`);
}

/** Words that the arguments take at most: tag and payload each, two more for devices, lists with their elements. */
function wordsNeeded(values: readonly Argument[]): number {
  let words = 3 * values.length + 16;
  for (const value of values) if (Array.isArray(value)) words += value.length;
  return words;
}

/** Writes one argument at `next`; returns the position behind it. */
function encode(value: Argument, parameter: Parameter, next: number): number {
  const words = callBuffer;
  if (value instanceof Tensor) {
    words[next++] = tag.tensor;
    words[next++] = value.handle;
  } else if (typeof value === "number" && parameter.codes === undefined) {
    // What int64 cannot hold exactly is a real number, whatever its digits.
    words[next++] = Number.isSafeInteger(value) ? tag.integer : tag.real;
    words[next++] = value;
  } else if (value === undefined) {
    words[next++] = tag.default;
  } else if (value === null) {
    words[next++] = tag.none;
  } else if (typeof value === "boolean") {
    words[next++] = tag.boolean;
    words[next++] = value ? 1 : 0;
  } else if (typeof value === "string") {
    return encodeString(value, parameter, next);
  } else if (Array.isArray(value)) {
    return encodeList(value, parameter, next);
  } else {
    refuse(parameter, value);
  }
  return next;
}

/** A list is one of numbers (or booleans) or one of tensors, where null is a tensor left out. */
function encodeList(list: readonly unknown[], parameter: Parameter, next: number): number {
  const words = callBuffer;
  const isNumbers = list.every((item) => typeof item === "number" || typeof item === "boolean");
  words[next++] = isNumbers ? tag.numbers : tag.tensors;
  words[next++] = list.length;
  for (const item of list) {
    if (isNumbers) words[next++] = Number(item);
    else if (item instanceof Tensor) words[next++] = item.handle;
    else words[next++] = item === null ? 0 : refuse(parameter, item);
  }
  return next;
}

function encodeString(value: string, parameter: Parameter, next: number): number {
  const words = callBuffer;
  if (parameter.type.startsWith("Device")) {
    const [deviceType, index] = deviceCode(value);
    words[next++] = tag.device;
    words[next++] = deviceType;
    words[next++] = index;
  } else if (parameter.type.startsWith("str")) {
    words[next++] = tag.string;
    words[next++] = stringId(value);
  } else {
    words[next++] = tag.integer;
    words[next++] = parameter.codes?.get(value) ?? refuse(parameter, value);
  }
  return next;
}

/** Reads the values of a call that returned several, or none: `size` words. */
function takeResults(size: number): Result[] {
  reserveCallBuffer(size);
  native.takeResults();
  let next = 0;
  const one = (): Result => {
    switch (callBuffer[next++]) {
      case tag.tensor:
        return new Tensor(callBuffer[next++]!);
      case tag.boolean:
        return callBuffer[next++] !== 0;
      case tag.tensors:
        return Array.from({ length: callBuffer[next++]! }, one);
      case tag.none:
        return null;
      default:
        return callBuffer[next++]!;
    }
  };
  return Array.from({ length: callBuffer[next++]! }, one);
}

/** Sees a call when it is done. @param values By position; those left out are missing or undefined. */
type Observer = (schema: Schema, values: readonly Argument[], result: Result) => void;

let observer: Observer | undefined;

/** Shows every call that `fn` makes to `observe`; its own calls are not shown. For this package only. */
export function observeCalls<Value>(observe: Observer, fn: () => Value): Value {
  const before = observer;
  observer = (...seen) => {
    const outer = observer;
    observer = undefined;
    observe(...seen);
    observer = outer;
  };
  try {
    return fn();
  } finally {
    observer = before;
  }
}

function invoke(schema: Schema, values: readonly Argument[]): Result {
  const result = dispatch(schema, values);
  observer?.(schema, values, result);
  return result;
}

function dispatch(schema: Schema, values: readonly Argument[]): Result {
  const parameters = schema.arguments;
  if (values.length > parameters.length) {
    throw new TypeError(`${schema.name}: expected at most ${parameters.length} arguments, got ${values.length}`);
  }
  reserveCallBuffer(wordsNeeded(values) + parameters.length);
  let next = 0;
  try {
    for (let i = 0; i < parameters.length; i++) next = encode(values[i], parameters[i]!, next);
  } catch (cause) {
    if (cause instanceof TypeError) cause.message = `${schema.name}: ${cause.message}`;
    throw cause;
  }
  const handle = native.invoke(schema.index);
  if (handle > 0) return new Tensor(handle);
  if (handle === 0) return (values[schema.returned] as Tensor).changed();
  const results = takeResults(-handle);
  return results.length === 1 ? results[0]! : results;
}

/** Returns the operator of that name (with its overload behind a dot) as a function; positions as in ATen's schema. */
export function operator<R extends Result = Tensor>(name: string): (...values: Argument[]) => R {
  let schema: Schema | undefined;
  return (...values) => {
    schema ??= findSchema(name);
    return invoke(schema, values) as R;
  };
}

const schemas = new Map<string, Schema>();

/**
 * Calls any operator by name.
 *
 * @param values Arguments by position.
 * @param named Arguments by name, for those further behind.
 * @example
 * call("aten::std.correction", [x, [1]], { correction: 0, keepdim: true }) as Tensor
 */
export function call(
  name: string,
  values: readonly Argument[],
  named: Readonly<Record<string, Argument>> = {},
): Result {
  let schema = schemas.get(name);
  if (schema === undefined) {
    schema = findSchema(name);
    schemas.set(name, schema);
  }
  const all = [...values];
  for (const [key, value] of Object.entries(named)) {
    const position = schema.arguments.findIndex((argument) => argument.name === key);
    if (position < 0) {
      throw new TypeError(`${name} has no argument "${key}": it has ${schema.arguments.map((a) => a.name).join(", ")}`);
    }
    while (all.length < position) all.push(undefined);
    all[position] = value;
  }
  return invoke(schema, all);
}
