/**
 * The secret that pseudonyms are made with: 32 random bytes, as 64 hex digits in a file that only its owner may read.
 *
 * Who has it  can test whether a given patient is behind a pseudonym. Keep it apart from what is handed on.
 * Order       the first of several processes makes the file; the others read what it wrote.
 * Errors      `ERR_SALT` where the file is something else.
 */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MedsslError } from "@medssl/contract";

const saltBytes = 32;
/** What a process waits for another one that has made the file and not yet written it. */
const patienceMs = 1000;
const pauseMs = 20;

/**
 * Reads a salt file, which is made where it is missing.
 *
 * @returns 32 bytes.
 * @throws {MedsslError} `ERR_SALT` when the file holds no salt.
 */
export function readSalt(path: string): Uint8Array {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, `${randomBytes(saltBytes).toString("hex")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const text = readFileSync(path, "utf8").trim();
    if (/^[0-9a-f]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, "hex"));
    if (text !== "" || waitedMs >= patienceMs) throw noSalt(path);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}

function noSalt(path: string): MedsslError {
  return new MedsslError("ERR_SALT", `${path}: expected a salt of 64 hex digits, got something else`, {
    hint: "Restore the file from a copy. With a new salt, pseudonyms no longer match those that were made before.",
  });
}
