/**
 * The fields of a NIfTI header that matter here, as they stand in its bytes.
 *
 * Order    the byte order in which the number of axes is 1 to 7, whatever `sizeof_hdr` says.
 * Source   nifti1.h and nifti2.h, NIfTI Data Format Working Group: the offsets.
 */

/** Bytes that tell whether a file is NIfTI, and hold its whole header. */
export const HEADER_BYTES = 540;

/** Whether a file that begins so is NIfTI, as `.nii` or `.hdr`; for compressed files, of the inflated bytes. */
export function isNifti(bytes: Uint8Array): boolean {
  return magicOf(bytes) !== undefined;
}

/** Which version a file is, and whether its voxels are in another one; undefined for any other format. */
export function magicOf(bytes: Uint8Array): { version: 1 | 2; isPair: boolean } | undefined {
  if (bytes.length < 348) return undefined;
  const textAt = (start: number) => String.fromCharCode(...bytes.subarray(start, start + 4));
  const [first, second] = [textAt(344), textAt(4)];
  if (first === "n+1\0" || first === "ni1\0") return { version: 1, isPair: first === "ni1\0" };
  if ((second === "n+2\0" || second === "ni2\0") && bytes.length >= HEADER_BYTES) {
    return { version: 2, isPair: second === "ni2\0" };
  }
  return undefined;
}

export interface NiftiFields {
  readonly isLittleEndian: boolean;
  /** The number of axes, then seven sizes. */
  readonly dims: readonly number[];
  readonly typeCode: number;
  /** The handedness of the qform, then seven spacings. */
  readonly pixdim: readonly number[];
  readonly dataOffset: number;
  readonly slope: number;
  readonly intercept: number;
  readonly units: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** b, c, d of the quaternion. */
  readonly quaternion: readonly number[];
  readonly qoffset: readonly number[];
  /** Three rows of four. */
  readonly sform: readonly number[];
}

export function readFields(bytes: Uint8Array, version: 1 | 2): NiftiFields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numAxes = version === 1 ? view.getInt16(40, true) : Number(view.getBigInt64(16, true));
  const isLittleEndian = numAxes >= 1 && numAxes <= 7;
  const list = (count: number, read: (i: number) => number) => Array.from({ length: count }, (_, i) => read(i));
  if (version === 1) {
    const int16 = (at: number) => view.getInt16(at, isLittleEndian);
    const floats = (at: number, count: number) => list(count, (i) => view.getFloat32(at + 4 * i, isLittleEndian));
    return {
      isLittleEndian,
      dims: list(8, (i) => int16(40 + 2 * i)),
      typeCode: int16(70),
      pixdim: floats(76, 8),
      dataOffset: floats(108, 1)[0]!,
      slope: floats(112, 1)[0]!,
      intercept: floats(116, 1)[0]!,
      units: view.getUint8(123),
      qformCode: int16(252),
      sformCode: int16(254),
      quaternion: floats(256, 3),
      qoffset: floats(268, 3),
      sform: floats(280, 12),
    };
  }
  const int64 = (at: number) => Number(view.getBigInt64(at, isLittleEndian));
  const floats = (at: number, count: number) => list(count, (i) => view.getFloat64(at + 8 * i, isLittleEndian));
  return {
    isLittleEndian,
    dims: list(8, (i) => int64(16 + 8 * i)),
    typeCode: view.getInt16(12, isLittleEndian),
    pixdim: floats(104, 8),
    dataOffset: int64(168),
    slope: floats(176, 1)[0]!,
    intercept: floats(184, 1)[0]!,
    units: view.getInt32(500, isLittleEndian),
    qformCode: view.getInt32(344, isLittleEndian),
    sformCode: view.getInt32(348, isLittleEndian),
    quaternion: floats(352, 3),
    qoffset: floats(376, 3),
    sform: floats(400, 12),
  };
}
