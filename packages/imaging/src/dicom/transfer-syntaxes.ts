/**
 * The ways in which DICOM writes a data set and its pixels.
 *
 * Source   PS3.5 section 10 and annex A; PS3.6 table A-1. The retired processes of the JPEG standard are kept where an
 *          archive may still hold them.
 */

/** How the elements of a data set are written. */
export interface Encoding {
  /** Each element names its value representation (VR). */
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

/** How frames are compressed: not at all, by runs, or as code streams of the JPEGs, which say themselves which they are. */
export type PixelCodec = "native" | "rle" | "code-stream";

export interface TransferSyntax extends Encoding {
  readonly uid: string;
  readonly name: string;
  /** All that follows the file's meta information is one deflate stream. */
  readonly deflated: boolean;
  readonly codec: PixelCodec;
}

export const implicitLittleEndian = "1.2.840.10008.1.2";
export const explicitLittleEndian = "1.2.840.10008.1.2.1";
export const explicitBigEndian = "1.2.840.10008.1.2.2";

const codeStreams: readonly (readonly [uid: string, name: string])[] = [
  ["1.2.840.10008.1.2.4.50", "JPEG Baseline"],
  ["1.2.840.10008.1.2.4.51", "JPEG Extended"],
  ["1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (retired)"],
  ["1.2.840.10008.1.2.4.55", "JPEG Full Progression (retired)"],
  ["1.2.840.10008.1.2.4.57", "JPEG Lossless"],
  ["1.2.840.10008.1.2.4.70", "JPEG Lossless, first-order"],
  ["1.2.840.10008.1.2.4.80", "JPEG-LS Lossless"],
  ["1.2.840.10008.1.2.4.81", "JPEG-LS Near-lossless"],
  ["1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless"],
  ["1.2.840.10008.1.2.4.91", "JPEG 2000"],
  ["1.2.840.10008.1.2.4.201", "HTJ2K Lossless"],
  ["1.2.840.10008.1.2.4.202", "HTJ2K Lossless, by resolution"],
  ["1.2.840.10008.1.2.4.203", "HTJ2K"],
];

const others: readonly TransferSyntax[] = [
  syntax(implicitLittleEndian, "Implicit VR Little Endian", { explicit: false }),
  syntax(explicitLittleEndian, "Explicit VR Little Endian", {}),
  syntax(explicitBigEndian, "Explicit VR Big Endian", { littleEndian: false }),
  syntax("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", { deflated: true }),
  syntax("1.2.840.10008.1.2.5", "RLE Lossless", { codec: "rle" }),
];

function syntax(uid: string, name: string, differences: Partial<TransferSyntax>): TransferSyntax {
  return { uid, name, explicit: true, littleEndian: true, deflated: false, codec: "native", ...differences };
}

/** Every transfer syntax that is read, by its UID. */
export const transferSyntaxes: ReadonlyMap<string, TransferSyntax> = new Map(
  [...others, ...codeStreams.map(([uid, name]) => syntax(uid, name, { codec: "code-stream" }))].map((entry) => [
    entry.uid,
    entry,
  ]),
);
