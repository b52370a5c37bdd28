/** A file as memory: the operating system reads the pages that are touched, and shares them between processes. */
import { statSync } from "node:fs";
import type { DType } from "./dtype.ts";
import { itemSize } from "./dtype.ts";
import { operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

const fromFile = operator("aten::from_file");

/** The bytes of a file, uint8 [size]; writing to them does not change the file. */
export function mapFile(path: string): Tensor {
  return fromFile(path, false, statSync(path).size, "uint8");
}

/** Part of mapped bytes as a tensor: a view where the position suits the type, else a copy. */
export function mappedPart(bytes: Tensor, start: number, dtype: DType, shape: readonly number[]): Tensor {
  const size = shape.reduce((product, n) => product * n, itemSize(dtype));
  const part = bytes.slice(0, start, start + size);
  const aligned = start % itemSize(dtype) === 0 ? part : part.clone();
  return aligned.viewAs(dtype).view(shape);
}
