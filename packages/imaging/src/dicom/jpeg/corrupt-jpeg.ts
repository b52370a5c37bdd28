import { MedsslError } from "@medssl/contract";

/** `ERR_DICOM_CORRUPT` about a JPEG stream; whoever knows file and frame adds them. */
export function corruptJpeg(expected: string, got: string): MedsslError {
  return new MedsslError("ERR_DICOM_CORRUPT", `JPEG stream: expected ${expected}, got ${got}`, {
    hint: "The file is damaged or was not copied to its end; copy it again from where it came from.",
  });
}
