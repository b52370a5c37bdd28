/**
 * The classes and functions that PyTorch's checkpoints are made of: all that a pickle's calls may become.
 *
 * Tensors   views of the mapped file, with the strides that they were saved with. Their elements must lie inside of their
 *           storage and be no more than it has, whatever the pickle says.
 * The rest  stays a `PickledObject`: other classes, sparse and quantised tensors, element types without a name here.
 */
import { type DType, itemSize } from "../dtype.ts";
import { operator } from "../operator.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { PickledGlobal, PickledObject } from "./pickle.ts";
import type { Refuse } from "./refusal.ts";

const asStrided = operator("aten::as_strided");

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  UntypedStorage: "uint8",
};

const dtypes: Readonly<Record<string, DType>> = {
  "torch.uint8": "uint8",
  "torch.int8": "int8",
  "torch.int16": "int16",
  "torch.uint16": "uint16",
  "torch.int32": "int32",
  "torch.int64": "int64",
  "torch.float16": "float16",
  "torch.bfloat16": "bfloat16",
  "torch.float32": "float32",
  "torch.float64": "float64",
  "torch.bool": "bool",
};

const MOST_AXES = 32;

/** Elements of one type, in a row, that tensors are views of. */
export class Storage {
  readonly dtype: DType;
  /** [numel] */
  readonly elements: Tensor;
  /** Where they begin in the memory that they are a part of, in bytes: from there libtorch counts offsets. */
  readonly start: number;

  constructor(dtype: DType, elements: Tensor, start: number) {
    this.dtype = dtype;
    this.elements = elements;
    this.start = start;
  }
}

/** What a persistent id says: ("storage", type, key, device, numel) and, in old files, which part of the storage is meant. */
export interface StorageId {
  readonly dtype: DType;
  readonly key: string;
  readonly numel: number;
  /** First element and number of elements. */
  readonly part: readonly [number, number] | undefined;
}

/** undefined for what is no storage, or one of a type without a name here. */
export function storageIdOf(id: unknown): StorageId | undefined {
  if (!Array.isArray(id) || id[0] !== "storage" || !(id[1] instanceof PickledGlobal)) return undefined;
  const [, type, key, , numel, view] = id;
  const name = /^torch\.(?:cuda\.|storage\.)?(\w+)$/.exec(type.name)?.[1] ?? "";
  const dtype = Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
  if (dtype === undefined || typeof key !== "string" || !isCount(numel)) return undefined;
  const part = Array.isArray(view) && isCount(view[1]) && isCount(view[2]) ? ([view[1], view[2]] as const) : undefined;
  return { dtype, key, numel, part };
}

/** The calls that are known. @returns undefined for any other. */
export function buildTorchObject(name: string, args: readonly unknown[], refuse: Refuse): unknown {
  switch (name) {
    case "torch._utils._rebuild_tensor":
    case "torch._utils._rebuild_tensor_v2":
      return rebuildTensor(args[0], undefined, args.slice(1, 4), refuse);
    case "torch._utils._rebuild_tensor_v3": // of an untyped storage; its type stands behind
      return rebuildTensor(args[0], args[6], args.slice(1, 4), refuse);
    case "torch._utils._rebuild_parameter":
    case "torch._utils._rebuild_parameter_with_state":
      return args[0] instanceof Tensor ? args[0] : undefined;
    case "torch._tensor._rebuild_from_type_v2": {
      // (function, type, arguments, state): a subclass of tensors, or a tensor with attributes
      const [inner, , innerArgs] = args;
      const isTensor = inner instanceof PickledGlobal && inner.name.startsWith("torch._utils._rebuild_");
      return isTensor && Array.isArray(innerArgs) ? buildTorchObject(inner.name, innerArgs, refuse) : undefined;
    }
    case "torch.Size":
      return args[0];
    case "collections.OrderedDict":
    case "collections.defaultdict":
      return dictionaryOf(name === "collections.OrderedDict" ? args[0] : args[1]);
    case "builtins.set":
    case "__builtin__.set":
      return Array.isArray(args[0]) ? args[0] : undefined;
    case "_codecs.encode": // how bytes are written for Python 2
      return typeof args[0] === "string" && args[1] === "latin1"
        ? Uint8Array.from(Buffer.from(args[0], "latin1"))
        : undefined;
    case "numpy.core.multiarray.scalar":
    case "numpy._core.multiarray.scalar":
      return numpyScalar(args[0], args[1]);
    default:
      return undefined;
  }
}

function dictionaryOf(pairs: unknown): Map<unknown, unknown> | undefined {
  if (pairs === undefined) return new Map();
  const arePairs = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  return arePairs ? new Map(pairs as [unknown, unknown][]) : undefined;
}

function rebuildTensor(storage: unknown, type: unknown, place: readonly unknown[], refuse: Refuse): Tensor | undefined {
  if (!(storage instanceof Storage)) return undefined;
  const dtype = type instanceof PickledGlobal ? dtypes[type.name] : storage.dtype;
  if (dtype === undefined) return undefined;
  const [offset, shape, strides] = place;
  if (!isCount(offset) || !areCounts(shape) || !areCounts(strides) || shape.length !== strides.length) {
    return refuse("a tensor whose shape, strides and offset are no counts");
  }
  const available = Math.floor((storage.elements.numel * itemSize(storage.dtype)) / itemSize(dtype));
  if (storage.start % itemSize(dtype) !== 0) refuse(`a tensor of ${dtype} that begins between two elements`);
  const numel = shape.reduce((product, size) => product * size, 1);
  const last = offset + shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
  const isEmptyGiant = shape.reduce((product, size) => product * Math.max(1, size), 1) > 2 ** 53;
  if (numel > available || (numel > 0 && last >= available) || isEmptyGiant) {
    return refuse(`a tensor [${shape.join(", ")}] of more elements than its storage has, ${available}`);
  }
  return scope(() => {
    const used = (available * itemSize(dtype)) / itemSize(storage.dtype);
    const elements = dtype === storage.dtype ? storage.elements : storage.elements.slice(0, 0, used).viewAs(dtype);
    return asStrided(elements, shape, strides, storage.start / itemSize(dtype) + (numel === 0 ? 0 : offset));
  });
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MOST_AXES && value.every(isCount);

/** A number that a checkpoint's epoch or best score may be. @param type numpy.dtype("f8", ...) */
function numpyScalar(type: unknown, value: unknown): number | boolean | undefined {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  if (!(type instanceof PickledObject) || type.name !== "numpy.dtype" || !Array.isArray(type.args)) return undefined;
  if (!(bytes instanceof Uint8Array)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = String(type.args[0]).replace(/^[<|]/, "");
  if (view.byteLength !== Number(code.slice(1))) return undefined;
  switch (code) {
    case "f8":
      return view.getFloat64(0, true);
    case "f4":
      return view.getFloat32(0, true);
    case "i8":
      return Number(view.getBigInt64(0, true));
    case "i4":
      return view.getInt32(0, true);
    case "b1":
      return view.getUint8(0) !== 0;
    default:
      return undefined;
  }
}
