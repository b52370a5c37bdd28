/**
 * The voxels of a volume, slice by slice, so that no more than one decoded file needs to be in memory beside it.
 *
 * Copies    a volume of one file with one frame has that file's values, all others their own.
 * Type      that of the slices; where they differ (a scanner that scales each slice by itself), float32, or float64 for
 *           types that float32 does not hold.
 * Errors    `ERR_DICOM_VOLUME` where a decoded slice is not what its header promised, `ERR_IMAGE_TOO_LARGE`.
 */

import { MedsslError } from "@medssl/contract";
import { checkNumSamples } from "../limits.ts";
import type { Samples, Scan } from "../scan.ts";
import type { SeriesVolume, VolumeSlice } from "./volume.ts";

/** What differs from slice to slice is told of so many; a thousand slices often say the same a thousand times. */
const maxWarnings = 5;

/**
 * @param readFile All frames of a file, decoded. It is called once for a file whose slices follow one another.
 * @throws {MedsslError} `ERR_DICOM_VOLUME`, `ERR_IMAGE_TOO_LARGE`, and what `readFile` throws.
 */
export async function assembleVolume(
  volume: SeriesVolume,
  readFile: (file: string) => Scan | Promise<Scan>,
): Promise<Scan> {
  const { shape, slices, affine, spacingMm } = volume;
  let scan: Scan | undefined;
  let [data, first]: [Samples | undefined, Scan | undefined] = [undefined, undefined];
  const said = new Set<string>();
  for (const [z, slice] of slices.entries()) {
    if (scan === undefined || slices[z - 1]?.file !== slice.file) scan = await readFile(slice.file);
    first ??= scan;
    checkSlice(slice, scan, volume, first);
    const values = frameOf(scan, slice.frame);
    if (slices.length === 1 && scan.shape[0] === 1) data = values;
    else {
      data ??= emptySamples(values, checkNumSamples(slice.file, ...shape, scan.channels));
      data = ableToHold(data, values);
      data.set(values as never, z * values.length);
    }
    for (const warning of scan.warnings ?? []) said.add(warning);
  }
  const ofSlices = [...said].slice(0, maxWarnings);
  const unsaid = said.size - ofSlices.length;
  return {
    ...first!,
    shape,
    data: data!,
    affine: affine ?? (slices.length === 1 ? first!.affine : undefined),
    spacingMm: spacingMm ?? first!.spacingMm,
    warnings: [...volume.warnings, ...ofSlices, ...(unsaid > 0 ? [`${unsaid} more of this kind`] : [])],
  };
}

function checkSlice({ file, frame }: VolumeSlice, scan: Scan, { shape }: SeriesVolume, first: Scan): void {
  const [depth, ...size] = scan.shape;
  const expected = `${shape[2]} x ${shape[1]}, ${first.channels} channels, ${first.meaning}`;
  const got = `${size[1]} x ${size[0]}, ${scan.channels} channels, ${scan.meaning}`;
  if (frame < depth && got === expected) return;
  const place = frame < depth ? got : `${depth} frames`;
  throw new MedsslError("ERR_DICOM_VOLUME", `${file}, frame ${frame + 1}: expected ${expected}, got ${place}`, {
    hint: "The files of the series contradict one another; leave this one out.",
  });
}

/** [height, width, channels], a view. */
function frameOf({ shape, channels, data }: Scan, frame: number): Samples {
  const size = shape[1] * shape[2] * channels;
  return data.subarray(frame * size, (frame + 1) * size);
}

/** `data`, or a copy in a type that holds what both hold. */
function ableToHold(data: Samples, values: Samples): Samples {
  if (data.constructor === values.constructor || data instanceof Float64Array) return data;
  if (data instanceof Float32Array && isWithinFloat32(values)) return data;
  const Wider = isWithinFloat32(data) && isWithinFloat32(values) ? Float32Array : Float64Array;
  return new Wider(data);
}

function isWithinFloat32(values: Samples): boolean {
  return values instanceof Float32Array || values.BYTES_PER_ELEMENT < 4;
}

function emptySamples(like: Samples, length: number): Samples {
  return new (like.constructor as new (length: number) => Samples)(length);
}
