/**
 * What a file of the field holds once it is decoded: a picture or a volume, with what its numbers mean and where it lies.
 *
 * Shapes   `data` is [depth, height, width, channels], channels interleaved; a picture has depth 1. Slices of a volume
 *          follow one another along the patient, so that `affine` holds.
 * Units    millimetres; `affine` maps voxel (x, y, z) to RAS+ (NIfTI's axes; DICOM's LPS is converted in `geometry/`).
 */

export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export type Vec3 = readonly [number, number, number];

/** 4x4, row by row, 16 numbers; the last row is 0 0 0 1. */
export type Affine = readonly number[];

/**
 * What the numbers mean. `hounsfield`: CT numbers. `shown`: made for the eye, 0 black and the type's top white (8 or 16
 * bits, photographs, screen captures). `relative`: brighter is more, the scale is the scanner's own (MR, detector values).
 */
export type Meaning = "hounsfield" | "shown" | "relative";

/** A grey-scale window in the scan's own units. */
export interface Window {
  readonly center: number;
  readonly width: number;
}

export interface Scan<Data extends Samples = Samples> {
  /** [depth, height, width] */
  readonly shape: Vec3;
  /** 1 grey, 3 red-green-blue. */
  readonly channels: 1 | 3;
  readonly data: Data;
  readonly meaning: Meaning;
  /** DICOM's term (CT, MR, DX, CR, US, OP, ...) where the file says it. */
  readonly modality?: string | undefined;
  readonly affine?: Affine | undefined;
  /** Size of a voxel [z, y, x]; undefined where the file does not say. z is NaN for a single slice of unknown thickness. */
  readonly spacingMm?: Vec3 | undefined;
  /** Windows that the file recommends; the first is the default. */
  readonly windows?: readonly Window[] | undefined;
  /** What was odd and could be read all the same: sentences for a report. */
  readonly warnings?: readonly string[] | undefined;
}
