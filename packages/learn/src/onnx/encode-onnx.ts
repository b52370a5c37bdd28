/**
 * A graph as the bytes of an ONNX file.
 *
 * Version  opset 20, the first with Gelu; the format's version 9 goes with it.
 * Errors   `ERR_ONNX_SIZE` beyond the 2 GB that a protobuf message may have.
 * Source   onnx.proto, where a message's fields have the numbers that stand here.
 */
import { MedsslError } from "@medssl/contract";
import { bytesField, floatField, integerField } from "../formats/protobuf.ts";
import type { Attribute, ElementType, Graph, GraphNode, GraphValue, Initializer } from "./graph.ts";

const FORMAT_VERSION = 9;
export const OPSET_VERSION = 20;
const LARGEST_BYTES = 2 ** 31 - 1;

const elementTypes: Readonly<Record<ElementType, number>> = { float32: 1, int8: 3, int64: 7, float16: 10 };
const attributeTypes: Readonly<Record<Attribute["type"], number>> = { float: 1, int: 2, string: 3, ints: 7 };

export interface EncodeOptions {
  /** Of the program that wrote the file. */
  readonly producerVersion?: string;
  /** Texts that the file carries along. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** @throws {MedsslError} `ERR_ONNX_SIZE` */
export function encodeOnnx(graph: Graph, { producerVersion, metadata = {} }: EncodeOptions = {}): Uint8Array {
  const size = graph.initializers.values().reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > LARGEST_BYTES) {
    throw new MedsslError(
      "ERR_ONNX_SIZE",
      `The network's weights take ${(size / 1e9).toFixed(1)} GB; an ONNX file holds 2 GB at most.`,
      { hint: "Export it in float16 or with quantized weights, or train a smaller encoder." },
    );
  }
  return Buffer.concat([
    integerField(1, FORMAT_VERSION),
    bytesField(2, "medssl"),
    ...(producerVersion === undefined ? [] : [bytesField(3, producerVersion)]),
    bytesField(7, graphFields(graph)),
    bytesField(8, [bytesField(1, ""), integerField(2, OPSET_VERSION)]),
    ...Object.entries(metadata).map(([key, value]) => bytesField(14, [bytesField(1, key), bytesField(2, value)])),
  ]);
}

const graphFields = ({ nodes, initializers, inputs, outputs }: Graph): Uint8Array[] => [
  ...nodes.map((node) => bytesField(1, nodeFields(node))),
  bytesField(2, "medssl"),
  ...initializers.entries().map(([name, initializer]) => bytesField(5, tensorFields(name, initializer))),
  ...inputs.map((value) => bytesField(11, valueFields(value))),
  ...outputs.map((value) => bytesField(12, valueFields(value))),
];

const nodeFields = ({ type, inputs, outputs, attributes }: GraphNode): Uint8Array[] => [
  ...inputs.map((name) => bytesField(1, name)),
  ...outputs.map((name) => bytesField(2, name)),
  bytesField(3, outputs[0]!),
  bytesField(4, type),
  ...Object.entries(attributes).map(([name, attribute]) => bytesField(5, attributeFields(name, attribute))),
];

const attributeFields = (name: string, attribute: Attribute): Uint8Array[] => [
  bytesField(1, name),
  ...attributeValue(attribute),
  integerField(20, attributeTypes[attribute.type]),
];

function attributeValue(attribute: Attribute): Uint8Array[] {
  switch (attribute.type) {
    case "float":
      return [floatField(2, attribute.value)];
    case "int":
      return [integerField(3, attribute.value)];
    case "string":
      return [bytesField(4, attribute.value)];
    case "ints":
      return attribute.value.map((value) => integerField(8, value));
  }
}

const tensorFields = (name: string, { elementType, shape, bytes }: Initializer): Uint8Array[] => [
  ...shape.map((size) => integerField(1, size)),
  integerField(2, elementTypes[elementType]),
  bytesField(8, name),
  bytesField(9, bytes),
];

const valueFields = ({ name, elementType, shape }: GraphValue): Uint8Array[] => {
  const sizes = shape.map((size) =>
    bytesField(1, [typeof size === "string" ? bytesField(2, size) : integerField(1, size)]),
  );
  const tensorType = [integerField(1, elementTypes[elementType]), bytesField(2, sizes)];
  return [bytesField(1, name), bytesField(2, [bytesField(1, tensorType)])];
};
