/**
 * The files that a result is written as, and which of them a scan can have.
 *
 * png              label indices of a picture, shown in the labels' colors.
 * nifti            of volumes and NIfTI files; of pictures where no PNG is wanted. On the scan's own grid.
 * seg              a DICOM segmentation, of what came as DICOM; `seg-fractional` says how sure the network is.
 * Where            masks/NAME.png or masks/NAME.nii.gz, one of them; seg/NAME.dcm; seg-fractional/NAME.dcm;
 *                  overlays/NAME.png.
 */
import type { Scan, SeriesVolume } from "@medssl/imaging";

export const OUTPUT_FORMATS = ["png", "nifti", "seg", "seg-fractional"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const DEFAULT_FORMATS: readonly OutputFormat[] = ["png", "nifti", "seg"];

/** Below the folder of results. */
export type OutputKind = OutputFormat | "overlay";

export interface FormatChoice {
  readonly fitting: readonly OutputFormat[];
  /** Why there is none, or why a segmentation is missing; undefined where all is as one would expect. */
  readonly reason: string | undefined;
}

/**
 * @param own On its own grid.
 * @param isNiftiFile Whether it came as one.
 * @param asked What the user named; undefined for the usual, which is what fits.
 */
export function formatsOf(
  own: Pick<Scan, "shape">,
  volume: SeriesVolume | undefined,
  isNiftiFile: boolean,
  asked: readonly OutputFormat[] | undefined,
): FormatChoice {
  const wanted = asked ?? DEFAULT_FORMATS;
  const isPicture = own.shape[0] === 1 && !isNiftiFile;
  const fits: Readonly<Record<OutputFormat, boolean>> = {
    png: isPicture,
    nifti: !isPicture || !wanted.includes("png"),
    seg: volume !== undefined,
    "seg-fractional": volume !== undefined,
  };
  const fitting = wanted.filter((format) => fits[format]);
  const isWithoutSeg = volume === undefined && asked?.some((format) => format.startsWith("seg"));
  if (isWithoutSeg) return { fitting, reason: "no DICOM segmentation: the image is no DICOM" };
  return { fitting, reason: fitting.length > 0 ? undefined : "a PNG holds one picture, this is a volume" };
}

/** Below the folder of results, with `/`. */
export function outputPath(kind: OutputKind, name: string): string {
  switch (kind) {
    case "png":
      return `masks/${name}.png`;
    case "nifti":
      return `masks/${name}.nii.gz`;
    case "overlay":
      return `overlays/${name}.png`;
    default:
      return `${kind}/${name}.dcm`;
  }
}

export const OUTPUT_SUFFIX = /\.(?:png|nii\.gz|dcm)$/;

export const OUTPUT_FOLDERS = ["masks", "overlays", "seg", "seg-fractional"] as const;

/** Beside them, copies from an archive, until all is done. */
export const COPIES_FOLDER = "private";

export const isNiftiName = (file: string): boolean => /\.(?:nii|hdr)(?:\.gz)?$/i.test(file);
