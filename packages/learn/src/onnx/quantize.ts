/**
 * A graph with weights of 8 bits: a quarter of the size; it computes in float32 as before.
 *
 * Weights  those of convolutions and linear layers, symmetric: a scale for each output channel, that of the largest value as
 *          127. Biases, norms and tables stay as they are, as does what would not become smaller.
 * Small    layers stay as well, those of less than a tenth of the largest one's weights: the first convolutions, the last
 *          ones and the head. They are a few percent of the file, and in 8 bits most of the pixels whose label
 *          changes are their doing (docs/export.md).
 * Form     a `DequantizeLinear` in front of the node that uses the weight.
 */
import { bytesOf, type Graph, type GraphNode, type Initializer, int } from "./graph.ts";

/** Axis of a weight's output channels, by the operator whose second input it is. */
const channelAxes: Readonly<Record<string, number>> = { Conv: 0, ConvTranspose: 1, Gemm: 0 };
const LARGEST = 127;
/** Of the node and the names that a quantized weight needs besides. */
const OVERHEAD_BYTES = 300;
/** Of the largest layer's weights: a layer of fewer stays as it is. */
const SMALL_SHARE = 0.1;

export function quantizeWeights(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  const least = SMALL_SHARE * largestLayer(graph);
  const done = new Set<string>();
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    const name = node.inputs[1] ?? "";
    const axis = channelAxes[node.type];
    const weight = graph.initializers.get(name);
    if (axis === undefined || weight?.elementType !== "float32" || !isWorthIt(weight, axis, least)) return [node];
    const [quantized, scale] = [`${name}.int8`, `${name}.scale`];
    const [first, , ...rest] = node.inputs;
    const dequantized = `${name}.float32`;
    const user = { ...node, inputs: [first!, dequantized, ...rest] };
    if (done.has(name)) return [user];
    done.add(name);
    const { values, scales } = quantize(weight, axis);
    initializers.delete(name);
    initializers.set(quantized, { elementType: "int8", shape: weight.shape, bytes: bytesOf(values) });
    initializers.set(scale, { elementType: "float32", shape: [scales.length], bytes: bytesOf(scales) });
    return [
      { type: "DequantizeLinear", inputs: [quantized, scale], outputs: [dequantized], attributes: { axis: int(axis) } },
      user,
    ];
  });
  return { ...graph, nodes, initializers };
}

/** In bytes of float32. */
const largestLayer = ({ nodes, initializers }: Graph): number =>
  nodes
    .filter(({ type }) => type in channelAxes)
    .reduce((most, { inputs }) => Math.max(most, initializers.get(inputs[1]!)?.bytes.length ?? 0), 0);

const isWorthIt = ({ shape, bytes }: Initializer, axis: number, leastBytes: number): boolean =>
  bytes.length >= leastBytes && bytes.length / 4 + 4 * shape[axis]! + OVERHEAD_BYTES < bytes.length;

function quantize({ shape, bytes }: Initializer, axis: number): { values: Int8Array; scales: Float32Array } {
  const weights = new Float32Array(bytes.slice().buffer);
  const channels = shape[axis]!;
  const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (i: number) => Math.floor(i / stride) % channels;
  const scales = new Float32Array(channels);
  weights.forEach((weight, i) => {
    const channel = channelOf(i);
    scales[channel] = Math.max(scales[channel]!, Math.abs(weight) / LARGEST);
  });
  // A channel of zeros has no scale of its own.
  for (const [channel, scale] of scales.entries()) if (scale === 0) scales[channel] = 1;
  return { values: Int8Array.from(weights, (weight, i) => Math.round(weight / scales[channelOf(i)]!)), scales };
}
