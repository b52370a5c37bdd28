/**
 * What an operator's entry asks about a call: its arguments by name, each as the kind that the entry wants.
 *
 * Unread    an argument that no one asked for is one that the entry does not know: the call is refused, not half obeyed.
 * Errors    `ERR_ONNX_OPERATOR` for arguments that have no ONNX form, `ERR_ONNX_BATCH` for numbers that follow the number of
 *           images where ONNX wants a fixed one.
 */
import { MedsslError } from "@medssl/contract";
import type { Call, CallArgument, Constant, Size, Value } from "./align-traces.ts";

export const UNKNOWN_HINT =
  "Nothing was exported. Build that part of the network from operators that packages/learn/src/onnx/operators.ts lists, or add an entry there.";

export class CallReader {
  /** The operator and where it is called, for messages. */
  readonly #where: string;
  readonly result: Value;
  readonly #arguments: ReadonlyMap<string, CallArgument>;
  readonly #unread: Set<string>;

  constructor({ arguments: values, results }: Call, where: string) {
    this.#where = where;
    this.#arguments = values;
    this.#unread = new Set(values.keys());
    const [result] = results;
    if (result === undefined || results.length > 1) this.refuse(`it has ${results.length} tensors as results`);
    this.result = result!;
  }

  tensor(name: string): Value {
    return this.optionalTensor(name) ?? this.refuse(`it has no tensor '${name}'`);
  }

  optionalTensor(name: string): Value | undefined {
    const value = this.#read(name);
    if (value === undefined || value === null) return undefined;
    return isValue(value) ? value : this.refuse(`'${name}' is no tensor`);
  }

  tensors(name: string): Value[] {
    const list = this.#read(name);
    if (!Array.isArray(list)) return this.refuse(`'${name}' is no list of tensors`);
    return list.map((item) => (isValue(item) ? item : this.refuse(`'${name}' has an item that is no tensor`)));
  }

  /** A tensor that must be the same for all images, as a weight is. */
  constant(name: string): Constant {
    return this.tensor(name).constant ?? this.refuse(`'${name}' depends on the images`);
  }

  number(name: string, fallback?: number): number {
    return this.#fixed(this.#read(name) ?? fallback, name);
  }

  numbers(name: string, fallback?: readonly number[]): number[] {
    const value = this.#read(name) ?? fallback;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.map((item) => this.#fixed(item, name));
  }

  /** Two numbers, of which libtorch takes one for both. */
  pair(name: string, fallback: number): [number, number] {
    const [first, second = first] = this.numbers(name, [fallback]);
    return [first!, second!];
  }

  text(name: string, fallback: string): string {
    const value = this.#read(name) ?? fallback;
    return typeof value === "string" ? value : this.refuse(`'${name}' is no text`);
  }

  /** Says that the argument makes no difference, or that the shape of the result tells it. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** Of an argument that has no ONNX form but this one. */
  expect(name: string, expected: number | boolean | string | null): void {
    const value = this.#read(name);
    if (value !== undefined && value !== expected) this.refuse(`'${name}' is not ${expected}`);
  }

  /** A tensor's sizes from an axis on, none of which may follow the number of images. */
  sizes({ shape }: Value, from = 0): number[] {
    return shape.slice(from).map((size) => this.#fixed(size, "a tensor's size"));
  }

  /** Throws if an argument was not asked for. */
  finish(): void {
    const [name] = this.#unread;
    if (name !== undefined) this.refuse(`'${name}' has no ONNX form`);
  }

  refuse(reason: string): never {
    throw new MedsslError("ERR_ONNX_OPERATOR", `${this.#where} cannot be written as ONNX: ${reason}.`, {
      hint: UNKNOWN_HINT,
    });
  }

  #read(name: string): CallArgument | undefined {
    this.#unread.delete(name);
    return this.#arguments.get(name);
  }

  #fixed(value: unknown, name: string): number {
    if (typeof value === "number") return value;
    if (isPerImage(value)) {
      throw new MedsslError("ERR_ONNX_BATCH", `${this.#where}: '${name}' follows the number of images.`, {
        hint: "Nothing was exported. Let the network compute each image by itself, whatever their number.",
      });
    }
    return this.refuse(`'${name}' is no number`);
  }
}

const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null && "dtype" in value;

const isPerImage = (value: unknown): value is Exclude<Size, number> =>
  typeof value === "object" && value !== null && "perImage" in value;
