/**
 * Weights on disk: named tensors, with nothing in the file that could be executed.
 *
 * Reading maps the file: a tensor's bytes come from the disk when they are used. Writing goes to a temporary file that is
 * renamed at the end, so that a reader never sees half of it.
 * Source  https://huggingface.co/docs/safetensors (format: u64 header length, JSON header, data)
 * Errors  MedsslError ERR_SAFETENSORS for a file that is not, or is cut off.
 */
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type DType, itemSize } from "./dtype.ts";
import { mapFile, mappedPart } from "./mapped-file.ts";
import { scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

const names: Readonly<Record<DType, string>> = {
  uint8: "U8",
  int8: "I8",
  int16: "I16",
  uint16: "U16",
  int32: "I32",
  int64: "I64",
  float16: "F16",
  bfloat16: "BF16",
  float32: "F32",
  float64: "F64",
  bool: "BOOL",
};
const dtypes = new Map(Object.entries(names).map(([dtype, name]) => [name, dtype as DType]));

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Maps the tensors of a file. They live in the surrounding scope, or until collected. */
export function readSafetensors(path: string): Safetensors {
  const refuse = (reason: string): never => {
    throw new MedsslError("ERR_SAFETENSORS", `${path}: ${reason}`, {
      hint: "The file is damaged or cut off; take another copy.",
    });
  };
  const size = statSync(path).size;
  const file = openSync(path, "r");
  const lengthBytes = Buffer.alloc(8);
  let text: Buffer;
  try {
    if (readSync(file, lengthBytes, 0, 8, 0) < 8) refuse("not a safetensors file");
    const length = Number(lengthBytes.readBigUInt64LE());
    if (length > size - 8) refuse(`its header says ${length} bytes, the file has ${size}`);
    text = Buffer.alloc(length);
    readSync(file, text, 0, length, 8);
  } finally {
    closeSync(file);
  }
  const { __metadata__: metadata = {}, ...entries } = parseHeader(text) ?? refuse("its header is no JSON object");
  const start = 8 + text.length;
  const tensors = scope(() => {
    const bytes = mapFile(path);
    return Object.entries(entries).map(([name, entry]): [string, Tensor] => {
      if (!isEntry(entry)) return refuse(`tensor "${name}" has no type, shape and place`);
      const {
        dtype: code,
        shape,
        data_offsets: [from, to],
      } = entry;
      const dtype = dtypes.get(code) ?? refuse(`tensor "${name}" has the unknown type ${code}`);
      const expected = shape.reduce((product, n) => product * n, itemSize(dtype));
      if (to - from !== expected || start + to > size) refuse(`tensor "${name}" lies outside of the file`);
      return [name, mappedPart(bytes, start + from, dtype, shape)];
    });
  });
  return { tensors: new Map(tensors), metadata };
}

type Header = Record<string, unknown> & { __metadata__?: Record<string, string> };

function parseHeader(text: Buffer): Header | undefined {
  try {
    const header = JSON.parse(text.toString("utf8"));
    return typeof header === "object" && header !== null ? header : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  const areCounts = (list: unknown) => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === "string" && areCounts(shape) && areCounts(offsets) && offsets?.length === 2;
}

/** Writes named tensors, from whichever device. @param metadata Texts that the file carries along. */
export function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const list = [...tensors];
  let offset = 0;
  const entries = list.map(([name, tensor]): [string, Entry] => {
    const from = offset;
    offset += tensor.numel * itemSize(tensor.dtype);
    return [name, { dtype: names[tensor.dtype], shape: tensor.shape, data_offsets: [from, offset] }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = Buffer.from(json + " ".repeat(-Buffer.byteLength(json) & 7)); // the data is aligned behind it
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const temporary = `${path}.${process.pid}.part`;
  const file = openSync(temporary, "w");
  try {
    writeSync(file, length);
    writeSync(file, header);
    for (const [, tensor] of list) {
      scope(() => writeAll(file, tensor.detach().to({ device: "cpu" }).contiguous()));
    }
    fsyncSync(file);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    // What writing to an open file fails with has no path.
    throw cause instanceof Error ? Object.assign(cause, { path }) : cause;
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, tensor: Tensor): void {
  if (tensor.numel === 0) return;
  const array = tensor.asTypedArray();
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
