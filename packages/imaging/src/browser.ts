/** What runs in a browser as well as in Node: everything but what reads and writes files. */
export * from "./black-border.ts";
export { decodeScan } from "./browser/decode-scan.ts";
export * from "./burned-in.ts";
export * from "./channels.ts";
export * from "./count-labels.ts";
export * from "./dicom/dataset.ts";
export { type DeidentifiedFile, type DeidentifyOptions, deidentifyDicom } from "./dicom/deidentify.ts";
export * from "./dicom/dicomdir.ts";
export * from "./dicom/image-kind.ts";
export * from "./dicom/instance-header.ts";
export * from "./dicom/scan-of-dicom.ts";
export * from "./dicom/segmentation.ts";
export type { SegmentationAlgorithm, WrittenSegment } from "./dicom/segmentation-codes.ts";
export * from "./dicom/segmentation-labels.ts";
export type { SegmentationPixels } from "./dicom/segmentation-pixels.ts";
export { sliceExtents } from "./dicom/slice-extents.ts";
export * from "./dicom/stored-frames.ts";
export * from "./dicom/structures.ts";
export { type TransferSyntax, transferSyntaxes } from "./dicom/transfer-syntaxes.ts";
export * from "./dicom/volume.ts";
export * from "./dicom/volume-assembly.ts";
export { type FileMeta, textElement, type WrittenElement, writeDicomFile } from "./dicom/write-elements.ts";
export * from "./dicom/write-segmentation.ts";
export {
  type DicomJson,
  type DicomJsonElement,
  jsonItems,
  jsonNumber,
  jsonText,
  jsonTexts,
} from "./dicomweb/dicom-json.ts";
export * from "./dicomweb/dicomweb-client.ts";
export * from "./dicomweb/pacs-address.ts";
export type * from "./dicomweb/pacs-client.ts";
export { basicAuthorization, type PacsConnectionOptions } from "./dicomweb/pacs-connection.ts";
export * from "./enlarge-labels.ts";
export * from "./file-format.ts";
export * from "./fit.ts";
export * from "./free-memory.ts";
export * from "./geometry/affine.ts";
export * from "./geometry/element-size.ts";
export { type Grid, gridOf, gridWithShape, gridWithSpacing } from "./geometry/grid.ts";
export * from "./geometry/orientation.ts";
export * from "./geometry/resample-image.ts";
export * from "./geometry/resample-labels.ts";
export type { Interpolation } from "./geometry/taps.ts";
export * from "./hounsfield.ts";
export * from "./image.ts";
export * from "./intensity.ts";
export * from "./limits.ts";
export * from "./measure-pixels.ts";
export * from "./montage.ts";
export * from "./nifti/encode-nifti.ts";
export { isNifti } from "./nifti/nifti-fields.ts";
export * from "./nifti/nifti-file.ts";
export type * from "./nifti/nifti-header.ts";
export * from "./npy.ts";
export * from "./overlay.ts";
export * from "./percentiles.ts";
export * from "./resize.ts";
export type * from "./scan.ts";
export * from "./segmentation/check-scan.ts";
export * from "./segmentation/connected-components.ts";
export * from "./segmentation/cut-slices.ts";
export * from "./segmentation/post-processing.ts";
export type * from "./segmentation/scan-segmenter.ts";
export * from "./segmentation/segment-scan.ts";
export * from "./segmentation/show-scan.ts";
export * from "./segmentation/slice-form.ts";
export * from "./segmentation/slice-groups.ts";
export * from "./segmentation/tiles.ts";
export * from "./segmentation/wished-plan.ts";
