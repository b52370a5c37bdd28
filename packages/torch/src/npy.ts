/**
 * NumPy's array files, mapped into memory.
 *
 * Source   https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * Errors   MedsslError ERR_NPY for what is no such file, is big-endian, in Fortran's order or shorter than it says.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { type DType, itemSize } from "./dtype.ts";
import { mapFile, mappedPart } from "./mapped-file.ts";
import { scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

const dtypes: Readonly<Record<string, DType>> = {
  "|u1": "uint8",
  "|i1": "int8",
  "|b1": "bool",
  "<i2": "int16",
  "<u2": "uint16",
  "<i4": "int32",
  "<i8": "int64",
  "<f2": "float16",
  "<f4": "float32",
  "<f8": "float64",
};

interface Header {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Position of the first element, in bytes. */
  readonly start: number;
}

function readHeader(path: string): Header {
  const refuse = (reason: string): never => {
    throw new MedsslError("ERR_NPY", `${path}: ${reason}`, {
      hint: "The file is damaged or was written by another program.",
    });
  };
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(12);
    const count = readSync(file, head, 0, 12, 0);
    if (count < 10 || head.toString("latin1", 0, 6) !== "\x93NUMPY") refuse("not a .npy file");
    const isFirstVersion = head[6] === 1;
    const length = isFirstVersion ? head.readUInt16LE(8) : head.readUInt32LE(8);
    const start = (isFirstVersion ? 10 : 12) + length;
    const text = Buffer.alloc(length);
    readSync(file, text, 0, length, start - length);
    const header = text.toString("latin1");
    const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "";
    const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
    const dtype = dtypes[descr];
    if (dtype === undefined) return refuse(`elements of type "${descr}" cannot be mapped`);
    if (shape === undefined) return refuse("its header names no shape");
    if (!/'fortran_order':\s*False/.test(header)) return refuse("its order is Fortran's, expected C's");
    return {
      dtype,
      shape: shape
        .split(",")
        .filter((size) => size.trim() !== "")
        .map(Number),
      start,
    };
  } finally {
    closeSync(file);
  }
}

/**
 * Maps a `.npy` file as a tensor of its shape and type: nothing is read until it is used.
 *
 * @example
 * const images = mapNpy("store/images/0000.npy"); // uint8 [10000, 224, 224]
 * const batch = images.indexSelect(0, rows); // reads those rows only
 */
export function mapNpy(path: string): Tensor {
  const { dtype, shape, start } = readHeader(path);
  const needed = start + shape.reduce((product, size) => product * size, itemSize(dtype));
  const size = statSync(path).size;
  if (size < needed) {
    throw new MedsslError("ERR_NPY", `${path}: expected ${needed} bytes for shape [${shape.join(", ")}], got ${size}`, {
      hint: "The file was cut off; make it again.",
    });
  }
  return scope(() => mappedPart(mapFile(path), start, dtype, shape));
}
