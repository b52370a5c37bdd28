/**
 * Names in place of names: the same one always gives the same pseudonym under one salt, and nobody without the salt can
 * tell which, or test a guess.
 *
 * UIDs      2.25. and a 122-bit hash as a version-8 UUID, the form that needs no registered root; those that the DICOM
 *           standard itself gives out (1.2.840.10008.) are words, not names, and stay.
 * Patients  `P` and 64 bits in hex, of the patient's ID without blanks around it. Who issued the ID does not count: files
 *           of one patient often disagree on it, and one person under two names would end up on both sides of a split.
 * Dates     go back by 1 to 3652 whole days, the same number for all files of a patient.
 * Source    HMAC: RFC 2104; UUIDs in UIDs: PS3.5 B.2; version 8: RFC 9562.
 */

import { hmacSha256 } from "./deidentify-hash.ts";

const maxShiftDays = 3652;

export class Pseudonyms {
  readonly #salt: Uint8Array;

  /** @param salt Secret, 32 random bytes. */
  constructor(salt: Uint8Array) {
    this.#salt = salt;
  }

  uid(uid: string): string {
    if (uid === "" || uid.startsWith("1.2.840.10008.")) return uid;
    const hash = this.#hash("uid", uid).subarray(0, 16);
    hash[6] = (hash[6]! & 0x0f) | 0x80;
    hash[8] = (hash[8]! & 0x3f) | 0x80;
    return `2.25.${BigInt(`0x${hex(hash)}`)}`;
  }

  /** @param key What tells the patient from others: the ID. */
  patient(key: string): string {
    return `P${hex(this.#hash("patient", key).subarray(0, 8))}`;
  }

  /** Days, negative, by which a patient's dates move. */
  shiftDays(key: string): number {
    const view = new DataView(this.#hash("dates", key).buffer);
    return -1 - (view.getUint32(0) % maxShiftDays);
  }

  /** The purpose keeps equal texts of different kinds apart. */
  #hash(purpose: string, text: string): Uint8Array {
    return hmacSha256(this.#salt, new TextEncoder().encode(`${purpose}\0${text}`));
  }
}

/**
 * Moves a DICOM date (DA) or the date of a date and time (DT) by whole days; the time of day stays.
 *
 * @returns undefined where the value names no day.
 */
export function shiftDate(value: string, days: number): string | undefined {
  const [, year, month, day, rest = ""] = /^(\d{4})\.?(\d{2})\.?(\d{2})(|\d[\d.+-]*)$/.exec(value.trim()) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + days));
  const isDay = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
  if (!isDay || date.getUTCFullYear() < 1000) return undefined;
  return `${date.toISOString().slice(0, 10).replaceAll("-", "")}${rest}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
