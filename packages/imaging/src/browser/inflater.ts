/**
 * zlib and gzip in a browser, by its own streams.
 *
 * Limits   one gzip stream a file: browsers refuse those of several members (bgzip), which Node reads.
 */
import { Gunzip } from "fflate";
import { type Inflater, TooManyBytes } from "../inflater.ts";

/** More than is expected is read up to this, for writers that pad; a bomb is not. */
const SLACK_BYTES = 1 << 20;

export const browserInflater: Inflater = {
  inflate: (data, size) => decompress("deflate", data, size + SLACK_BYTES, size),
  crc32,
  gunzipHead: (begin) => {
    const chunks: Uint8Array[] = [];
    // A browser's stream gives nothing of what is cut short.
    new Gunzip((chunk) => chunks.push(chunk)).push(begin);
    return joined(chunks);
  },
  gunzip: (bytes, most) => decompress("gzip", bytes, most),
};

/** @param enough So many bytes are taken, whatever comes behind them. */
async function decompress(
  format: CompressionFormat,
  bytes: Uint8Array,
  most: number,
  enough = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    try {
      const { done, value } = await reader.read();
      if (done) return joined(chunks);
      chunks.push(value);
      length += value.length;
    } catch (cause) {
      // Bytes behind the stream's end are an error to browsers.
      if (length >= enough) return joined(chunks);
      throw cause;
    }
    if (length <= most) continue;
    await reader.cancel();
    throw new TooManyBytes(most);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

/** Remainders of each byte, for CRC-32 of ISO 3309. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = REMAINDERS[(crc ^ data[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
