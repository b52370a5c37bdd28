import { promisify } from "node:util";
import { constants, crc32, gunzip, gunzipSync, inflateSync } from "node:zlib";
import { type Inflater, TooManyBytes } from "../inflater.ts";

/** More than is expected is read up to this, for writers that pad; a bomb is not. */
const SLACK_BYTES = 1 << 20;
/** zlib counts the room for one piece in 32 bits. */
const LARGEST_PIECE = 2 ** 30;

const inflateWhole = promisify(gunzip);

export const nodeInflater: Inflater = {
  // With a chunk of the expected size nothing is copied twice.
  inflate: (data, size) =>
    inflateSync(data, { chunkSize: Math.max(size + 1, 64), maxOutputLength: size + SLACK_BYTES }),
  crc32,
  gunzipHead: (begin) => gunzipSync(begin, { finishFlush: constants.Z_SYNC_FLUSH }),
  // In one piece of the right size, off the main thread.
  gunzip: (bytes, most, isExpected = false) =>
    inflateWhole(bytes, {
      maxOutputLength: most,
      ...(isExpected ? { chunkSize: Math.min(most, LARGEST_PIECE) } : {}),
    }).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === "ERR_BUFFER_TOO_LARGE" ? new TooManyBytes(most) : cause;
    }),
};
