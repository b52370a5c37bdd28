/**
 * PyTorch's checkpoint files (.pth, .pt, .bin), read without executing anything in them.
 *
 *     since 1.6   a .zip of plain entries: NAME/data.pkl, NAME/data/0, NAME/data/1, ...
 *     before      pickles one behind the other: a magic number, a version, the machine, the content, the storages' keys;
 *                 then each storage as its number of elements (8 bytes) and its bytes
 *
 * Tensors are views of the mapped file; where a storage does not lie at a multiple of 8 bytes it is copied.
 * Errors  MedsslError ERR_PTH for everything that is no such file, is damaged, or claims more than it has.
 * Source  torch/serialization.py and caffe2/serialize/inline_container.h of PyTorch 2.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { itemSize } from "../dtype.ts";
import { mapFile, mappedPart } from "../mapped-file.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { type PickleReader, unpickle } from "./pickle.ts";
import { type Refuse, refusalOf } from "./refusal.ts";
import { buildTorchObject, Storage, type StorageId, storageIdOf } from "./torch-objects.ts";
import { readZipDirectory } from "./zip.ts";

const LARGEST_PICKLE = 2 ** 26;
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Where a storage's bytes lie in the file. */
interface Place {
  readonly start: number;
  readonly size: number;
}

/** A storage's bytes, uint8, and their first one's place in the memory that they are a part of. */
interface Bytes {
  readonly bytes: Tensor;
  readonly start: number;
}

/**
 * Reads what `torch.save` wrote: dictionaries as Maps, tensors as tensors, objects of other classes as `PickledObject`.
 *
 * @throws {MedsslError} `ERR_PTH`
 */
export function readPth(path: string): unknown {
  const refuse = refusalOf(path);
  const { size } = statSync(path);
  if (size < 4) refuse("too short for weights");
  const file = openSync(path, "r");
  try {
    const read = (start: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      if (readSync(file, bytes, 0, length, start) !== length) refuse("it was cut off while it was read");
      return bytes;
    };
    const head = read(0, 4);
    if (head.toString("latin1") === "PK\x03\x04") return readArchive(path, size, read, refuse);
    if (head[0] === 0x80) return readLegacy(path, size, read(0, Math.min(size, LARGEST_PICKLE)), refuse);
    return refuse("neither a PyTorch archive nor a pickle");
  } finally {
    closeSync(file);
  }
}

function readArchive(
  path: string,
  size: number,
  read: (start: number, length: number) => Buffer,
  refuse: Refuse,
): unknown {
  const entries = readZipDirectory(size, read, refuse);
  const [name, content] =
    entries.entries().find(([entry]) => /^(?:[^/]+\/)?data\.pkl$/.test(entry)) ?? refuse("an archive without data.pkl");
  const folder = name.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) refuse("a TorchScript program; its weights alone are needed (state_dict)");
  if (content.size > LARGEST_PICKLE) refuse(`its data.pkl has ${content.size} bytes, which no weights need`);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && order.size === 3 && read(order.start, 3).toString() === "big") refuse("it is big-endian");
  const pickle = read(content.start, content.size);
  if (content.crc32 !== 0 && crc32(pickle) !== content.crc32)
    refuse("its data.pkl is damaged: its checksum is another one");
  const storages = new Storages(path, size, (key) => entries.get(`${folder}data/${key}`), refuse);
  return unpickle(pickle, 0, storages.pickleReader, refuse).value;
}

function readLegacy(path: string, size: number, head: Buffer, refuse: Refuse): unknown {
  // The places of the storages stand behind the content: it is read for its end and its ids first, then for its tensors.
  const ids = new Map<string, StorageId>();
  const dry: PickleReader = {
    build: () => undefined,
    persistent(id) {
      const storage = storageIdOf(id);
      if (storage !== undefined) ids.set(storage.key, storage);
      return null;
    },
  };
  const magic = unpickle(head, 0, dry, refuse);
  if (magic.value !== LEGACY_MAGIC) refuse("a pickle that torch.save did not write");
  const version = unpickle(head, magic.end, dry, refuse);
  const machine = unpickle(head, version.end, dry, refuse);
  if (machine.value instanceof Map && machine.value.get("little_endian") === false) refuse("it is big-endian");
  const content = unpickle(head, machine.end, dry, refuse);
  const keys = unpickle(head, content.end, dry, refuse);
  const places = new Map<string, Place>();
  let at = keys.end;
  for (const key of Array.isArray(keys.value) ? keys.value : refuse("its list of storages is none")) {
    const id = ids.get(key) ?? refuse("it has a storage of an unknown type");
    const bytes = id.numel * itemSize(id.dtype);
    places.set(id.key, { start: at + 8, size: bytes });
    at += 8 + bytes;
  }
  if (at > size) refuse(`its storages end at byte ${at}, it has ${size}; it was cut off`);
  const storages = new Storages(path, size, (key) => places.get(key), refuse);
  return unpickle(head, machine.end, storages.pickleReader, refuse).value;
}

/** The storages of a file, mapped when the pickle names them. */
class Storages {
  readonly pickleReader: PickleReader;
  readonly #file: { readonly path: string; readonly size: number };
  readonly #find: (key: string) => Place | undefined;
  readonly #refuse: Refuse;
  readonly #opened = new Map<string, Bytes>();
  #mapped: Tensor | undefined;
  #claimed = 0;

  constructor(path: string, size: number, find: (key: string) => Place | undefined, refuse: Refuse) {
    this.#file = { path, size };
    this.#find = find;
    this.#refuse = refuse;
    this.pickleReader = {
      build: (name, args) => buildTorchObject(name, args, refuse),
      persistent: (id) => {
        const storage = storageIdOf(id);
        return storage === undefined ? null : this.#open(storage);
      },
    };
  }

  #open({ key, dtype, numel, part }: StorageId): Storage {
    const [first, count] = part ?? [0, numel];
    const { bytes, start } = this.#bytes(key);
    const skipped = first * itemSize(dtype);
    const end = skipped + count * itemSize(dtype);
    if (end > bytes.numel) this.#refuse(`storage ${key} should have ${end} bytes, it has ${bytes.numel}`);
    const elements = scope(() => bytes.slice(0, skipped, end).viewAs(dtype));
    return new Storage(dtype, elements, start + skipped);
  }

  #bytes(key: string): Bytes {
    const opened = this.#opened.get(key);
    if (opened !== undefined) return opened;
    const { start, size } = this.#find(key) ?? this.#refuse(`storage ${key} is not in the file`);
    this.#claimed += size;
    if (this.#claimed > this.#file.size) this.#refuse("its storages claim more bytes than it has");
    this.#mapped ??= mapFile(this.#file.path);
    const mapped = mappedPart(this.#mapped, start, "uint8", [size]);
    // At a multiple of 8, so that any type of element fits.
    const storage = start % 8 === 0 ? { bytes: mapped, start } : { bytes: mapped.clone(), start: 0 };
    this.#opened.set(key, storage);
    return storage;
  }
}
