/**
 * A segmentation network as an ONNX graph, by running it.
 *
 * Input    `images`, float32 [batch, C, S, S], standardised.
 * Output   `logits`, float32 [batch, K + 1, S, S], background first.
 * Method   `forward` runs twice, on two and on three images of different content; what it calls is written down operator by
 *          operator. What does not depend on the images is a constant of the graph, parameters by their names.
 * Errors   `ERR_ONNX_OPERATOR` for an operator that has no ONNX form here; `ERR_ONNX_BATCH` for a network that computes
 *          something else for other images, or for more of them.
 */
import { MedsslError } from "@medssl/contract";
import { linspace, noGrad, scope, type Tensor, trace } from "@medssl/torch";
import type { Segmenter } from "../inference/segment-images.ts";
import { stateDict } from "../nn/module.ts";
import { type AlignedTrace, alignTraces, type Size } from "./align-traces.ts";
import { describeCall } from "./call-place.ts";
import { CallReader, UNKNOWN_HINT } from "./call-reader.ts";
import type { Graph } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { operators } from "./operators.ts";
import { simplify } from "./simplify.ts";

const INPUT = "images";
const OUTPUT = "logits";
/** What the number of images is called. */
const BATCH = "batch";
const BATCHES = [2, 3] as const;

export interface TraceOptions {
  /** Of the images. */
  readonly channels: number;
  /** Side of the images, in pixels. */
  readonly size: number;
}

export function traceNetwork(network: Segmenter, { channels, size }: TraceOptions): Graph {
  const names = new Map(stateDict(network).map(([name, tensor]) => [tensor, name]));
  const device = names.keys().next().value?.device ?? "cpu";
  const run = (count: number) => {
    const shape = [count, channels, size, size];
    // Waves: another picture for each number of images, none of them empty.
    const images = linspace(0, 1000 * count, count * channels * size ** 2, { device })
      .sin()
      .view(shape);
    return trace((x) => network.forward(x), images);
  };
  return noGrad(() =>
    scope(() => {
      const traces = [run(BATCHES[0]), run(BATCHES[1])] as const;
      const describe = (index: number) => describeCall(traces[0].calls, index, names);
      return simplify(graphOf(alignTraces(traces, BATCHES, describe), names, describe));
    }),
  );
}

function graphOf(
  { input, calls, output }: AlignedTrace,
  names: ReadonlyMap<Tensor, string>,
  describe: (index: number) => string,
): Graph {
  const builder = new GraphBuilder(INPUT, names);
  builder.setName(input, INPUT);
  for (const [index, call] of calls.entries()) {
    if (call.results.every(({ constant }) => constant !== undefined)) continue;
    const entry = operators.get(call.operator);
    if (entry === undefined) {
      throw new MedsslError("ERR_ONNX_OPERATOR", `${describe(index)} has no ONNX form here.`, {
        hint: UNKNOWN_HINT,
      });
    }
    const reader = new CallReader(call, describe(index));
    builder.setName(reader.result, entry(reader, builder));
    reader.finish();
  }
  const result = builder.name(output);
  builder.nodes.push({ type: "Identity", inputs: [result], outputs: [OUTPUT], attributes: {} });
  const shape = (sizes: readonly Size[]) => sizes.map((size) => (typeof size === "number" ? size : BATCH));
  return {
    inputs: [{ name: INPUT, elementType: "float32", shape: shape(input.shape) }],
    outputs: [{ name: OUTPUT, elementType: "float32", shape: shape(output.shape) }],
    nodes: builder.nodes,
    initializers: builder.initializers,
  };
}
