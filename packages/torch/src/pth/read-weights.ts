/**
 * Named tensors from a file of either kind, .safetensors or PyTorch's, told apart by what is in it.
 *
 * Names of a checkpoint are its keys from the outside in: the tensor "norm.weight" of `{"model": {...}}` is
 * "model.norm.weight". Whole modules that were pickled give the names that their state_dict would.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { readSafetensors } from "../safetensors.ts";
import { Tensor } from "../tensor.ts";
import { PickledObject } from "./pickle.ts";
import { readPth } from "./read-pth.ts";

export interface Weights {
  readonly format: "safetensors" | "pytorch";
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Texts that the file carries along; of a checkpoint its numbers and texts, such as "epoch" and "args.model". */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Keys that deep; deeper is no checkpoint. */
const DEEPEST = 32;
const MOST_NOTES = 500;
const LONGEST_NOTE = 200;

/**
 * @throws {MedsslError} `ERR_SAFETENSORS` or `ERR_PTH`
 * @example
 * const { tensors } = readWeights("mae_pretrain_vit_base.pth");
 * tensors.get("model.blocks.0.attn.qkv.weight"); // float32 [2304, 768]
 */
export function readWeights(path: string): Weights {
  const file = openSync(path, "r");
  const head = Buffer.alloc(9);
  try {
    readSync(file, head, 0, 9, 0);
  } finally {
    closeSync(file);
  }
  if (head.toString("latin1", 8) === "{") return { format: "safetensors", ...readSafetensors(path) };
  return { format: "pytorch", ...namedLeaves(readPth(path)) };
}

/** Every container once: however often a pickle names it, the work stays in proportion to the file. */
function namedLeaves(root: unknown): Pick<Weights, "tensors" | "metadata"> {
  const tensors = new Map<string, Tensor>();
  const metadata: [string, string][] = [];
  const seen = new Set<object>();
  const visit = (value: unknown, path: readonly string[]): void => {
    if (value instanceof Tensor) {
      tensors.set(path.join("."), value);
      return;
    }
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      if (metadata.length < MOST_NOTES) metadata.push([path.join("."), String(value).slice(0, LONGEST_NOTE)]);
      return;
    }
    if (typeof value !== "object" || value === null || path.length > DEEPEST || seen.has(value)) return;
    seen.add(value);
    for (const [key, item] of children(value)) visit(item, key === undefined ? path : [...path, key]);
  };
  visit(root, []);
  return { tensors, metadata: Object.fromEntries(metadata) };
}

/** Of a module, what state_dict would name; its dictionaries have no name of their own. */
const MODULE_FIELDS = new Set(["_parameters", "_buffers", "_modules"]);

function* children(container: object): Iterable<[key: string | undefined, value: unknown]> {
  if (Array.isArray(container)) for (const [i, value] of container.entries()) yield [String(i), value];
  if (container instanceof Map) for (const [key, value] of container) yield [keyText(key), value];
  if (container instanceof PickledObject) {
    const { state, items } = container;
    const fields = state instanceof Map ? state : new Map();
    const isModule = [...MODULE_FIELDS].every((field) => fields.has(field));
    for (const [key, value] of [...fields, ...items]) {
      if (isModule && MODULE_FIELDS.has(key)) yield [undefined, value];
      else if (!isModule) yield [keyText(key), value];
    }
  }
}

const keyText = (key: unknown): string => (typeof key === "string" || typeof key === "number" ? String(key) : "?");
