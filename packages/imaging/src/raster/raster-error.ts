import { MedsslError } from "@medssl/contract";

/** `ERR_IMAGE_CORRUPT`: the file says one thing and holds another. Never half an image. */
export function corruptImage(name: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_IMAGE_CORRUPT", `${name}: truncated or damaged (${what})`, {
    hint: "Copy or download the file again.",
    cause,
  });
}

/** `ERR_IMAGE_FORMAT`: a sound file, as far as one can tell, of a kind that is not read. */
export function foreignImage(name: string, what: string, cause?: unknown): MedsslError {
  return new MedsslError("ERR_IMAGE_FORMAT", `${name}: ${what}`, { hint: "Convert it to PNG, 8 or 16 bits.", cause });
}

/** The first line of what a library said. */
export function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!;
}
