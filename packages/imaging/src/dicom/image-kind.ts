/** What kind of picture a network or a store takes a DICOM modality for. Source: PS3.16 CID 29. */

const KINDS = {
  CT: "ct",
  MR: "mr",
  CR: "xray",
  DX: "xray",
  DR: "xray",
  RG: "xray",
  RF: "xray",
  MG: "xray",
  OP: "fundus",
} as const;

export type ImageKind = (typeof KINDS)[keyof typeof KINDS];

/** Of a modality such as "DX"; undefined for those that there is no recipe for, or that tell nothing. */
export const imageKindOf = (modality: string): ImageKind | undefined =>
  (KINDS as Readonly<Record<string, ImageKind>>)[modality];
