/**
 * Puts a graph together: nodes in order, constants by name, each once.
 */
import { MedsslError } from "@medssl/contract";
import { scope, type Tensor } from "@medssl/torch";
import { type Constant, tensorBytes, type Value } from "./align-traces.ts";
import { type Attributes, bytesOf, type GraphNode, type Initializer, int } from "./graph.ts";

export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** The number of images, int64 [1]; a node of its own where one asks. */
  #batch: string | undefined;
  readonly #names = new Map<Value, string>();
  readonly #constantNames = new Map<Tensor, string>();
  readonly #input: string;

  /** @param parameterNames What constants are called where the network has a name for them. */
  constructor(input: string, parameterNames: ReadonlyMap<Tensor, string>) {
    this.#input = input;
    for (const [tensor, name] of parameterNames) this.#constantNames.set(tensor, name);
  }

  /** Adds a node of one result and returns the result's name. */
  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = `${type.toLowerCase()}_${this.nodes.length}`;
    this.nodes.push({ type, inputs, outputs: [name], attributes });
    return name;
  }

  setName(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  /** Name of a value: of a node's result, or of a constant, which is added. */
  name(value: Value): string {
    if (value.constant !== undefined) return this.constant(value.constant);
    const name = this.#names.get(value);
    if (name === undefined) throw new Error("a value is used before it is made");
    return name;
  }

  constant({ source, tensor }: Constant): string {
    return this.#add(this.#nameOf(source), tensor);
  }

  /** A constant made of another. @param suffix Says what was made of it, and tells it from others of the same source. */
  derived({ source, tensor }: Constant, suffix: string, make: (tensor: Tensor) => Tensor): string {
    const name = `${this.#nameOf(source)}.${suffix}`;
    return this.initializers.has(name) ? name : scope(() => this.#add(name, make(tensor)));
  }

  /** A list, or a single number. */
  integers(values: readonly number[] | number): string {
    const list = typeof values === "number" ? [values] : values;
    const name = typeof values === "number" ? `integer_${values}` : `integers_${values.join("_")}`;
    const bytes = bytesOf(BigInt64Array.from(list, BigInt));
    const shape = typeof values === "number" ? [] : [list.length];
    this.initializers.set(name, { elementType: "int64", shape, bytes });
    return name;
  }

  real(value: number): string {
    const name = `real_${value}`;
    this.initializers.set(name, { elementType: "float32", shape: [], bytes: bytesOf(Float32Array.of(value)) });
    return name;
  }

  /** A matrix or a table that the exporter itself has made. */
  table(name: string, make: () => Tensor): string {
    return this.initializers.has(name) ? name : scope(() => this.#add(name, make()));
  }

  get batch(): string {
    this.#batch ??= this.node("Shape", [this.#input], { start: int(0), end: int(1) });
    return this.#batch;
  }

  #nameOf(source: Tensor): string {
    const known = this.#constantNames.get(source);
    if (known !== undefined) return known;
    const name = `constant_${this.#constantNames.size}`;
    this.#constantNames.set(source, name);
    return name;
  }

  #add(name: string, tensor: Tensor): string {
    if (!this.initializers.has(name)) {
      const { dtype: elementType, shape } = tensor;
      if (elementType !== "float32" && elementType !== "int64") {
        throw new MedsslError("ERR_ONNX_TYPE", `The constant ${name} is of type ${elementType}.`, {
          hint: "A network is exported from float32.",
        });
      }
      this.initializers.set(name, { elementType, shape, bytes: tensorBytes(tensor) });
    }
    return name;
  }
}
