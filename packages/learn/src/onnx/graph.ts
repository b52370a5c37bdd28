/**
 * An ONNX graph as plain data: what `traceNetwork` makes, variants change and `encodeOnnx` writes.
 *
 * Order   nodes come after those whose results they use.
 * Names   a value has one name; "" is an optional input that is left out. Of operators of ONNX's own domain alone.
 */

/** Of values; as ONNX calls its element types, but for their case. */
export type ElementType = "float32" | "float16" | "int8" | "int64";

export interface Initializer {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

export type Attribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ints"; readonly value: readonly number[] };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input or output of the graph. */
export interface GraphValue {
  readonly name: string;
  readonly elementType: ElementType;
  /** The number of images has a name, as it is not known. */
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
}

export const int = (value: number): Attribute => ({ type: "int", value });
export const float = (value: number): Attribute => ({ type: "float", value });
export const text = (value: string): Attribute => ({ type: "string", value });
export const ints = (value: readonly number[]): Attribute => ({ type: "ints", value });

/** The bytes of an array, as they lie in memory: little-endian on every machine that libtorch runs on. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
