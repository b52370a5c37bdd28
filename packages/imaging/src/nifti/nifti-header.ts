/**
 * The header of a NIfTI-1 or NIfTI-2 file: what its voxels are, and how they lie.
 *
 * Own      nifti-reader-js reads the fields right, but takes the qform where its code is larger than the sform's, leaves
 *          files without either at the corner of the volume, applies no scaling and checks no size; it asks for an
 *          `ArrayBuffer` of its own, a copy of every file. Working around it took more lines than these.
 * Scaling  slope 0 or not finite: none, as in nibabel.
 * Limits   what the sizes multiply to is checked before anybody allocates (limits.ts).
 * Errors   `ERR_NIFTI_FORMAT` (not NIfTI, or voxels of a type without meaning for a picture), `ERR_NIFTI_CORRUPT`
 *          (impossible numbers), `ERR_IMAGE_TOO_LARGE`.
 * Source   nifti1.h and nifti2.h, NIfTI Data Format Working Group; Cox et al., Human Brain Mapping Meeting (2004).
 */

import { MedsslError } from "@medssl/contract";
import { checkNumSamples } from "../limits.ts";
import type { Affine, Vec3 } from "../scan.ts";
import { type AffineSource, chooseAffine } from "./nifti-affine.ts";
import { magicOf, readFields } from "./nifti-fields.ts";

export type NiftiType = keyof typeof BYTES_OF;

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly isLittleEndian: boolean;
  /** Whether the voxels are in another file, `.img` beside this `.hdr`. */
  readonly isPair: boolean;
  /** Of one volume: [depth, height, width]. */
  readonly shape: Vec3;
  /** Volumes along the fourth and all further axes. */
  readonly numVolumes: number;
  readonly type: NiftiType;
  /** Where the first voxel begins, in bytes. */
  readonly dataOffset: number;
  /** Bytes of all voxels. */
  readonly dataBytes: number;
  /** What the file means is `stored * slope + intercept`; 1 and 0 where it is what is stored. */
  readonly slope: number;
  readonly intercept: number;
  readonly affine: Affine;
  readonly affineSource: AffineSource;
  /** [z, y, x]; z is NaN in files of two axes. Undefined where the header has no sizes. */
  readonly spacingMm: Vec3 | undefined;
  readonly warnings: readonly string[];
}

const BYTES_OF = {
  uint8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
  float64: 8,
  rgb24: 3,
  int8: 1,
  uint16: 2,
  uint32: 4,
  int64: 8,
  uint64: 8,
} as const;

const TYPES: Readonly<Record<number, NiftiType>> = {
  2: "uint8",
  4: "int16",
  8: "int32",
  16: "float32",
  64: "float64",
  128: "rgb24",
  256: "int8",
  512: "uint16",
  768: "uint32",
  1024: "int64",
  1280: "uint64",
};

/** What the standard allows besides, and no picture or mask of the field is made of. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  1: "single bits",
  32: "complex64",
  1536: "float128",
  1792: "complex128",
  2048: "complex256",
  2304: "rgba32",
};

/** @param name What the messages call the file: its path. */
export function parseNiftiHeader(bytes: Uint8Array, name: string): NiftiHeader {
  const magic = magicOf(bytes);
  if (magic === undefined) throw notNifti(bytes, name);
  const fields = readFields(bytes, magic.version);
  const [numAxes, ...extents] = fields.dims;
  const dims = extents.slice(0, numAxes);
  if (!(numAxes! >= 1 && numAxes! <= 7) || dims.some((size) => !(size >= 1))) {
    throw corrupt(name, `expected 1 to 7 axes of at least one voxel, got ${fields.dims.join(" ")}`);
  }
  const type = TYPES[fields.typeCode];
  if (type === undefined) throw foreignType(fields.typeCode, name);
  const numSamples = checkNumSamples(name, ...dims);
  const { version, isPair } = magic;
  const firstPossible = isPair ? 0 : version === 1 ? 352 : 544;
  const dataOffset = Math.trunc(fields.dataOffset);
  if (!(dataOffset >= firstPossible)) {
    throw corrupt(name, `expected voxels from byte ${firstPossible} on, got ${fields.dataOffset}`);
  }
  const isScaled = fields.slope !== 0 && Number.isFinite(fields.slope) && type !== "rgb24";
  if (isScaled && !Number.isFinite(fields.intercept)) {
    throw corrupt(name, `expected a finite intercept, got ${fields.intercept}`);
  }
  const [width = 1, height = 1, depth = 1, ...volumes] = dims;
  return {
    version,
    isPair,
    isLittleEndian: fields.isLittleEndian,
    shape: [depth, height, width],
    numVolumes: volumes.reduce((product, size) => product * size, 1),
    type,
    dataOffset,
    dataBytes: numSamples * BYTES_OF[type],
    slope: isScaled ? fields.slope : 1,
    intercept: isScaled ? fields.intercept : 0,
    ...chooseAffine(fields, version, dims),
  };
}

function notNifti(bytes: Uint8Array, name: string): MedsslError {
  const first = [...bytes.subarray(0, 4)].join(" ");
  if (bytes.length >= 348 && (first === "92 1 0 0" || first === "0 0 1 92")) {
    return new MedsslError("ERR_NIFTI_FORMAT", `${name}: expected NIfTI, got an Analyze 7.5 header`, {
      hint: "Analyze does not say which side is left. Convert it to NIfTI with a program that knows how it was made.",
    });
  }
  return new MedsslError(
    "ERR_NIFTI_FORMAT",
    `${name}: expected NIfTI, got a file that begins with the bytes ${first}`,
    {
      hint: "NIfTI files end in .nii, .nii.gz or .hdr; DICOM series can be converted with dcm2niix.",
    },
  );
}

function foreignType(code: number, name: string): MedsslError {
  const got = OTHER_TYPES[code] ?? `type ${code}, which is none`;
  return new MedsslError(
    "ERR_NIFTI_FORMAT",
    `${name}: expected voxels of ${Object.values(TYPES).join(", ")}; got ${got}`,
    {
      hint: "Write it again as float32 or uint8; of complex voxels, their magnitude.",
    },
  );
}

function corrupt(name: string, what: string): MedsslError {
  return new MedsslError("ERR_NIFTI_CORRUPT", `${name}: ${what}`, {
    hint: "The header is damaged; copy or export the file again.",
  });
}
