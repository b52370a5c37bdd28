/**
 * Where in a network an operator is called, for messages: by the modules whose parameters are used there, since a trace
 * knows of no modules.
 */
import { isTracedTensor, type Tensor, type TracedCall } from "@medssl/torch";

/** "aten::cumsum (in decoder.fuse)", or what comes before and after it; the bare operator in a network without parameters. */
export function describeCall(calls: readonly TracedCall[], index: number, names: ReadonlyMap<Tensor, string>): string {
  const { operator } = calls[index]!;
  const own = moduleOf(calls[index]!, names);
  if (own !== undefined) return `${operator} (in ${own})`;
  const before = calls.slice(0, index).findLast((call) => moduleOf(call, names) !== undefined);
  const after = calls.slice(index + 1).find((call) => moduleOf(call, names) !== undefined);
  const places = [
    ...(before === undefined ? [] : [`after ${moduleOf(before, names)}`]),
    ...(after === undefined ? [] : [`before ${moduleOf(after, names)}`]),
  ];
  return places.length === 0 ? operator : `${operator} (${places.join(", ")})`;
}

/** That of the first parameter among the arguments. */
function moduleOf(call: TracedCall, names: ReadonlyMap<Tensor, string>): string | undefined {
  const tensors = [...call.arguments.values()].flat().filter((argument) => isTracedTensor(argument));
  const parameter = tensors.map(({ source }) => names.get(source)).find((name) => name !== undefined);
  // A parameter of the network itself has no module before its name.
  return parameter?.replace(/\.[^.]*$/, "");
}
