/**
 * `.npy`: one array in a file, as numpy reads and writes it.
 *
 * Types    uint8, int16, float32; little-endian, rows first.
 * Errors   `ERR_NPY` for a file that is none, is cut off, or holds another type.
 * Source   numpy.lib.format, version 1.0 (versions 2 and 3 are read as well).
 */
import { MedsslError } from "@medssl/contract";

export type NpyData = Uint8Array | Int16Array | Float32Array;

export interface NpyArray<Data extends NpyData = NpyData> {
  readonly shape: readonly number[];
  readonly data: Data;
}

const MAGIC = "\x93NUMPY";
const ALIGNMENT = 64;

const typeOf = (data: NpyData): string =>
  data instanceof Uint8Array ? "|u1" : data instanceof Int16Array ? "<i2" : "<f4";

export function encodeNpy({ shape, data }: NpyArray): Uint8Array<ArrayBuffer> {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${typeOf(data)}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(length + data.byteLength);
  const put = (at: number, ascii: string) => {
    for (let i = 0; i < ascii.length; i++) file[at + i] = ascii.charCodeAt(i);
  };
  put(0, `${MAGIC}\x01\x00`);
  new DataView(file.buffer).setUint16(8, length - 10, true);
  put(10, `${text.padEnd(length - 11)}\n`);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return file;
}

/** @param source The file's name, for the messages. @throws {MedsslError} `ERR_NPY` */
export function decodeNpy(file: Uint8Array, source: string): NpyArray {
  const damaged = (what: string) => new MedsslError("ERR_NPY", `${source}: expected an array of numpy, ${what}`);
  const ascii = (from: number, to: number) => String.fromCharCode(...file.subarray(from, to));
  if (file.length < 12 || ascii(0, 6) !== MAGIC) throw damaged("got something else");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = file[6] === 1 ? 10 : 12;
  const end = start + (file[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = end <= file.length ? ascii(start, end) : "";
  const [, type = ""] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, sizes] = /'fortran_order': False, 'shape': \(([\d, ]*)\)/.exec(header) ?? [];
  if (sizes === undefined) throw damaged("its header says something else");
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  // A copy, also of Node's Buffer: numbers of several bytes begin where their type may.
  const bytes = new Uint8Array(file.subarray(end));
  const width = { "|u1": 1, "<i2": 2, "<f4": 4 }[type];
  if (width === undefined) throw damaged(`of uint8, int16 or float32; it is of ${type}`);
  if (bytes.length !== count * width) throw damaged(`of ${count * width} bytes; it has ${bytes.length}`);
  const data = width === 1 ? bytes : width === 2 ? new Int16Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return { shape, data };
}
