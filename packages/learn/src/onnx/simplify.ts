/**
 * A graph without what changes nothing: nodes that nobody needs, copies, shapes given twice.
 */
import type { Graph, GraphNode } from "./graph.ts";

export function simplify(graph: Graph): Graph {
  return withoutUnused(withoutCopies(graph));
}

/** Users of a copy use what was copied; a result of the graph keeps its name. */
function withoutCopies(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const renamed = new Map<string, string>();
  // Backwards, so that the one that makes an output is found before it is passed.
  const nodes = graph.nodes.toReversed().flatMap((node): GraphNode[] => {
    const [output = "", input = ""] = [node.outputs[0], node.inputs[0]];
    if (node.type !== "Identity") return [node];
    if (!outputs.has(output)) return [node];
    if (!graph.nodes.some((other) => other.outputs.includes(input)) || renamed.has(input)) return [node];
    renamed.set(input, output);
    return [];
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  return {
    ...graph,
    nodes: nodes
      .toReversed()
      .map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
  };
}

/** Without nodes and constants that no result of the graph comes from. */
function withoutUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes.toReversed().filter(({ inputs, outputs }) => {
    const isUsed = outputs.some((name) => used.has(name));
    if (isUsed) for (const name of inputs) used.add(name);
    return isUsed;
  });
  const initializers = new Map([...graph.initializers].filter(([name]) => used.has(name)));
  return { ...graph, nodes: nodes.toReversed(), initializers };
}
