/**
 * A graph that computes in float16: half the size, and faster where the hardware has such arithmetic.
 *
 * Ends     inputs and outputs stay float32.
 * Norms    instance normalisation stays in float32: a sum over an image's pixels is larger than float16 can hold. Layer
 *          normalisation sums in float32 by ONNX's own rule.
 * Errors   `ERR_ONNX_FLOAT16` for a weight that float16 cannot hold.
 */
import { MedsslError } from "@medssl/contract";
import { bytesOf, type Graph, type GraphNode, type Initializer, int } from "./graph.ts";

/** ONNX's numbers of the element types. */
const FLOAT32 = int(1);
const FLOAT16 = int(10);
const IN_FLOAT32: ReadonlySet<string> = new Set(["InstanceNormalization"]);

export function toFloat16(graph: Graph): Graph {
  const wide = new Set(graph.nodes.filter(({ type }) => IN_FLOAT32.has(type)).flatMap(({ inputs }) => inputs.slice(1)));
  const initializers = new Map(
    [...graph.initializers].map(([name, initializer]) => [
      name,
      wide.has(name) || initializer.elementType !== "float32" ? initializer : halved(name, initializer),
    ]),
  );
  const cast = (input: string, output: string, to: typeof FLOAT32): GraphNode => ({
    type: "Cast",
    inputs: [input],
    outputs: [output],
    attributes: { to },
  });
  const half = (name: string) => `${name}.float16`;
  const ends = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const rename = (name: string) => (ends.has(name) ? half(name) : name);
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    // The number of images is the same in either type, and is asked of the graph's own input.
    if (node.type === "Shape") return [node];
    const renamed = { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
    if (!IN_FLOAT32.has(node.type)) return [renamed];
    const [input = "", ...weights] = renamed.inputs;
    const [output = ""] = renamed.outputs;
    const [before, after] = [`${output}.before`, `${output}.after`];
    return [
      cast(input, before, FLOAT32),
      { ...renamed, inputs: [before, ...weights], outputs: [after] },
      cast(after, output, FLOAT16),
    ];
  });
  return {
    ...graph,
    nodes: [
      ...graph.inputs.map(({ name }) => cast(name, half(name), FLOAT16)),
      ...nodes,
      ...graph.outputs.map(({ name }) => cast(half(name), name, FLOAT32)),
    ],
    initializers,
  };
}

function halved(name: string, { shape, bytes }: Initializer): Initializer {
  const values = new Float16Array(new Float32Array(bytes.slice().buffer));
  if (!values.every(Number.isFinite)) {
    throw new MedsslError("ERR_ONNX_FLOAT16", `The weight ${name} has values beyond float16's largest, 65504.`, {
      hint: "Export the network in float32.",
    });
  }
  return { elementType: "float16", shape, bytes: bytesOf(values) };
}
