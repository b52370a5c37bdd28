/**
 * What identifiers become before they enter a store: a salted hash, the same for the same identifier, of no use to
 * anybody who does not have the salt.
 *
 * Spaces   patients of one space are the same people; another space gives another hash. A published data set is a space
 *          of its own, what a user's own folders and DICOM headers say shares one.
 * Length   80 bits: two of a million patients meet by chance once in ten trillion stores.
 * Source   HMAC, RFC 2104, with SHA-256.
 */

import { createHash, createHmac } from "node:crypto";

export class Pseudonyms {
  readonly #salt: Uint8Array;

  /** @param salt 32 bytes that stay secret */
  constructor(salt: Uint8Array) {
    this.#salt = salt;
  }

  /** Tells salts apart without telling the salt. */
  get fingerprint(): string {
    return this.#hash("fingerprint");
  }

  /** 20 hex digits. @param kind What the identifier is of: `patient`, `study`, `series`, `name` */
  of(kind: string, space: string, identifier: string): string {
    return this.#hash(`${kind}\n${space}\n${identifier}`);
  }

  #hash(text: string): string {
    return createHmac("sha256", this.#salt).update(text).digest("hex").slice(0, 20);
  }
}

/**
 * For names that were published with a data set, such as CheXpert's patient00001: no secret, so that everybody's store
 * has the same hashes and a split can be handed from one group to another.
 */
export const PUBLIC_PSEUDONYMS = new Pseudonyms(new TextEncoder().encode("medssl published names"));

/** SHA-256 in 32 hex digits: what contents and files are known by. */
export function shortHash(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 32);
}
