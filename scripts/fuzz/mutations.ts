/**
 * Ways in which files get damaged, by chance and by malice; each is decided by the random numbers alone.
 *
 * Sums      a flipped byte in a PNG or gzip file is caught by its checksum, which would hide what lies behind it: one in two
 *           of these is damaged inside, with right checksums.
 */
import { crc32, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import type { Random } from "@medssl/datasets";
import type { Seed } from "./seeds.ts";

export interface Mutant {
  readonly seed: Seed;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Seed[]) => Uint8Array;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  cut: (bytes, random) => bytes.slice(0, random.integer(bytes.length)),
  "cut near the end": (bytes, random) =>
    bytes.slice(0, bytes.length - 1 - random.integer(Math.min(bytes.length - 1, 200))),
  "bytes flipped": (bytes, random) => {
    const count = 1 + random.integer(8);
    for (let i = 0; i < count; i++) bytes[random.integer(bytes.length)] = random.integer(256);
    return bytes;
  },
  "bit flipped": (bytes, random) => {
    bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    return bytes;
  },
  "header edited": (bytes, random) => {
    const count = 1 + random.integer(3);
    for (let i = 0; i < count; i++) writeNumber(bytes, random.integer(Math.min(bytes.length, 600)), random);
    return bytes;
  },
  "number edited": (bytes, random) => {
    writeNumber(bytes, random.integer(bytes.length), random);
    return bytes;
  },
  "piece removed": (bytes, random) => {
    const [start, end] = piece(bytes, random);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  "piece doubled": (bytes, random) => {
    const [start, end] = piece(bytes, random);
    return join(bytes.subarray(0, end), bytes.subarray(start));
  },
  "piece zeroed": (bytes, random) => bytes.fill(0, ...piece(bytes, random)),
  "piece of another file": (bytes, random, others) => {
    const other = others[random.integer(others.length)]!.bytes;
    const from = other.subarray(...piece(other, random));
    bytes.set(from.subarray(0, bytes.length), random.integer(Math.max(bytes.length - from.length, 1)));
    return bytes;
  },
};

const KINDS = Object.keys(MUTATIONS);

/** Kinds after which a file must never be read as if it were whole. */
export function isCut({ kind }: Mutant): boolean {
  return kind.startsWith("cut");
}

export function mutate(seed: Seed, random: Random, others: readonly Seed[]): Mutant {
  const kind = KINDS[random.integer(KINDS.length)]!;
  const change = (bytes: Uint8Array) => MUTATIONS[kind]!(bytes.slice(), random, others);
  const isInside = !kind.startsWith("cut") && random.integer(2) === 1;
  if (isInside && seed.name.endsWith(".gz")) {
    return { seed, kind: `${kind}, inside`, bytes: gzipSync(change(gunzipSync(seed.bytes))) };
  }
  if (isInside && seed.name.endsWith(".png"))
    return { seed, kind: `${kind}, inside`, bytes: changeInside(seed.bytes, change) };
  return { seed, kind, bytes: change(seed.bytes) };
}

/** Edges where sizes, offsets and signs go wrong. */
const NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 46341, 0x7fffffff, 0x80000000, 0xffffffff,
];

function writeNumber(bytes: Uint8Array, position: number, random: Random): void {
  const value = NUMBERS[random.integer(NUMBERS.length)]!;
  const size = 1 << random.integer(3);
  const isLittleEndian = random.integer(2) === 0;
  for (let i = 0; i < size && position + i < bytes.length; i++) {
    bytes[position + i] = value >>> (8 * (isLittleEndian ? i : size - 1 - i));
  }
}

function piece(bytes: Uint8Array, random: Random): [number, number] {
  const start = random.integer(bytes.length);
  return [start, start + 1 + random.integer(Math.min(bytes.length - start, 2000))];
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

/** Changes the header and palette, or the rows, of a sound PNG, and writes it anew. */
function changeInside(bytes: Uint8Array, change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: { type: string; data: Uint8Array }[] = [];
  for (let start = 8; start < bytes.length; start += 12 + view.getUint32(start)) {
    const data = bytes.subarray(start + 8, start + 8 + view.getUint32(start));
    chunks.push({ type: Buffer.from(bytes.subarray(start + 4, start + 8)).toString("latin1"), data });
  }
  const ofType = (isPixels: boolean) => chunks.filter(({ type }) => (type === "IDAT") === isPixels && type !== "IEND");
  const rows = inflateSync(Buffer.concat(ofType(true).map(({ data }) => data)));
  const others = ofType(false);
  const changed = change(Buffer.concat([...others.map(({ data }) => data), rows]));
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  let start = 0;
  for (const { type, data } of others) {
    parts.push(encodeChunk(type, changed.subarray(start, start + data.length)));
    start += data.length;
  }
  parts.push(encodeChunk("IDAT", deflateSync(changed.subarray(start))), encodeChunk("IEND", new Uint8Array()));
  return Buffer.concat(parts);
}

function encodeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = Buffer.concat([Buffer.from(`....${type}`, "latin1"), data, Buffer.alloc(4)]);
  chunk.writeUInt32BE(data.length);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}
