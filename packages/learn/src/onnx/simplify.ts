/**
 * A graph without what changes nothing: nodes that nobody needs, copies, shapes that are given only to be given again.
 */
import type { Graph, GraphNode } from "./graph.ts";

export function simplify(graph: Graph): Graph {
  return withoutUnused(withoutShapesBetween(withoutLastCopy(graph)));
}

/** The node that makes what a copy gives a name to makes it under that name. */
function withoutLastCopy(graph: Graph): Graph {
  const copy = graph.nodes.at(-1);
  const [input, output] = [copy?.inputs[0], copy?.outputs[0]];
  if (copy?.type !== "Identity" || !graph.nodes.some(({ outputs }) => outputs.includes(input!))) return graph;
  const rename = (name: string) => (name === input ? output! : name);
  const nodes = graph.nodes.slice(0, -1);
  return {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
  };
}

/** A shape that is given to a result of another `Reshape` is given to what that one had. No size here is 0, "as it was". */
function withoutShapesBetween(graph: Graph): Graph {
  const reshaped = new Map<string, string>();
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.type !== "Reshape") return node;
    const [input = "", shape = ""] = node.inputs;
    const source = reshaped.get(input) ?? input;
    reshaped.set(node.outputs[0]!, source);
    return { ...node, inputs: [source, shape] };
  });
  return { ...graph, nodes };
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
