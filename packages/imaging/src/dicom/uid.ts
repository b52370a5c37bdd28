/**
 * New UIDs: those of PS3.5 B.2, a random UUID as a decimal number below 2.25. Nobody hands them out, and nobody else makes
 * the same.
 */

/** At most 44 characters; DICOM allows 64. */
export function newUid(): string {
  return `2.25.${BigInt(`0x${crypto.randomUUID().replaceAll("-", "")}`)}`;
}
