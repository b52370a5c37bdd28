import { crc32, inflateSync } from "node:zlib";
import type { Zlib } from "../raster/zlib.ts";

/** More than is expected is read up to this, for writers that pad; a bomb is not. */
const SLACK_BYTES = 1 << 20;

export const nodeZlib: Zlib = {
  // With a chunk of the expected size nothing is copied twice.
  inflate: (data, size) =>
    inflateSync(data, { chunkSize: Math.max(size + 1, 64), maxOutputLength: size + SLACK_BYTES }),
  crc32,
};
