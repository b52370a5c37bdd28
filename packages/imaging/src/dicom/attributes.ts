/**
 * The attributes that this package writes by keyword, and their elements.
 *
 * Values    text is written in UTF-8, of which ASCII is a part: who writes more than ASCII says so in SpecificCharacterSet.
 *           Several values stand behind one another. Nothing is an empty value, as type 2 has it; `undefined` is no element.
 * Numbers   of VR DS have at most 16 characters, the nearest such number.
 * Source    PS3.6 section 6; PS3.5 6.2.
 */

import type { FilledValue, WrittenElement, WrittenValue } from "./write-elements.ts";

/** Tag and VR by keyword. */
const attributes = {
  SpecificCharacterSet: [0x00080005, "CS"],
  ImageType: [0x00080008, "CS"],
  SOPClassUID: [0x00080016, "UI"],
  SOPInstanceUID: [0x00080018, "UI"],
  SeriesDate: [0x00080021, "DA"],
  ContentDate: [0x00080023, "DA"],
  SeriesTime: [0x00080031, "TM"],
  ContentTime: [0x00080033, "TM"],
  Modality: [0x00080060, "CS"],
  Manufacturer: [0x00080070, "LO"],
  CodeValue: [0x00080100, "SH"],
  CodingSchemeDesignator: [0x00080102, "SH"],
  CodeMeaning: [0x00080104, "LO"],
  LongCodeValue: [0x00080119, "UC"],
  TimezoneOffsetFromUTC: [0x00080201, "SH"],
  SeriesDescription: [0x0008103e, "LO"],
  ManufacturerModelName: [0x00081090, "LO"],
  ReferencedSeriesSequence: [0x00081115, "SQ"],
  ReferencedInstanceSequence: [0x0008114a, "SQ"],
  ReferencedSOPClassUID: [0x00081150, "UI"],
  ReferencedSOPInstanceUID: [0x00081155, "UI"],
  ReferencedFrameNumber: [0x00081160, "IS"],
  SourceImageSequence: [0x00082112, "SQ"],
  DerivationImageSequence: [0x00089124, "SQ"],
  DerivationCodeSequence: [0x00089215, "SQ"],
  SliceThickness: [0x00180050, "DS"],
  SpacingBetweenSlices: [0x00180088, "DS"],
  DeviceSerialNumber: [0x00181000, "LO"],
  SoftwareVersions: [0x00181020, "LO"],
  SeriesInstanceUID: [0x0020000e, "UI"],
  SeriesNumber: [0x00200011, "IS"],
  InstanceNumber: [0x00200013, "IS"],
  PatientOrientation: [0x00200020, "CS"],
  ImagePositionPatient: [0x00200032, "DS"],
  ImageOrientationPatient: [0x00200037, "DS"],
  FrameOfReferenceUID: [0x00200052, "UI"],
  PositionReferenceIndicator: [0x00201040, "LO"],
  FrameContentSequence: [0x00209111, "SQ"],
  PlanePositionSequence: [0x00209113, "SQ"],
  PlaneOrientationSequence: [0x00209116, "SQ"],
  DimensionIndexValues: [0x00209157, "UL"],
  DimensionOrganizationUID: [0x00209164, "UI"],
  DimensionIndexPointer: [0x00209165, "AT"],
  FunctionalGroupPointer: [0x00209167, "AT"],
  DimensionOrganizationSequence: [0x00209221, "SQ"],
  DimensionIndexSequence: [0x00209222, "SQ"],
  DimensionDescriptionLabel: [0x00209421, "LO"],
  FrameLabel: [0x00209453, "LO"],
  SamplesPerPixel: [0x00280002, "US"],
  PhotometricInterpretation: [0x00280004, "CS"],
  NumberOfFrames: [0x00280008, "IS"],
  Rows: [0x00280010, "US"],
  Columns: [0x00280011, "US"],
  PixelSpacing: [0x00280030, "DS"],
  BitsAllocated: [0x00280100, "US"],
  BitsStored: [0x00280101, "US"],
  HighBit: [0x00280102, "US"],
  PixelRepresentation: [0x00280103, "US"],
  PixelPaddingValue: [0x00280120, "US"],
  BurnedInAnnotation: [0x00280301, "CS"],
  LossyImageCompression: [0x00282110, "CS"],
  LossyImageCompressionRatio: [0x00282112, "DS"],
  LossyImageCompressionMethod: [0x00282114, "CS"],
  SpatialLocationsPreserved: [0x0028135a, "CS"],
  PixelMeasuresSequence: [0x00289110, "SQ"],
  PurposeOfReferenceCodeSequence: [0x0040a170, "SQ"],
  SegmentationType: [0x00620001, "CS"],
  SegmentSequence: [0x00620002, "SQ"],
  SegmentedPropertyCategoryCodeSequence: [0x00620003, "SQ"],
  SegmentNumber: [0x00620004, "US"],
  SegmentLabel: [0x00620005, "LO"],
  SegmentationAlgorithmIdentificationSequence: [0x00620007, "SQ"],
  SegmentAlgorithmType: [0x00620008, "CS"],
  SegmentAlgorithmName: [0x00620009, "LO"],
  SegmentIdentificationSequence: [0x0062000a, "SQ"],
  ReferencedSegmentNumber: [0x0062000b, "US"],
  RecommendedDisplayCIELabValue: [0x0062000d, "US"],
  MaximumFractionalValue: [0x0062000e, "US"],
  SegmentedPropertyTypeCodeSequence: [0x0062000f, "SQ"],
  SegmentationFractionalType: [0x00620010, "CS"],
  SegmentedPropertyTypeModifierCodeSequence: [0x00620011, "SQ"],
  SegmentsOverlap: [0x00620013, "CS"],
  AlgorithmVersion: [0x00660031, "LO"],
  AlgorithmName: [0x00660036, "LO"],
  AlgorithmFamilyCodeSequence: [0x0066002f, "SQ"],
  ContentLabel: [0x00700080, "CS"],
  ContentDescription: [0x00700081, "LO"],
  ContentCreatorName: [0x00700084, "PN"],
  SharedFunctionalGroupsSequence: [0x52009229, "SQ"],
  PerFrameFunctionalGroupsSequence: [0x52009230, "SQ"],
  PixelData: [0x7fe00010, "OB"],
} as const;

export type Keyword = keyof typeof attributes;

type Values = string | number | readonly (string | number)[] | readonly DatasetValues[] | Uint8Array | FilledValue;

/** A data set by keywords. Of VR AT the values are keywords themselves. */
export type DatasetValues = { readonly [keyword in Keyword]?: Values | undefined };

/** Its elements, as explicit little endian has them. */
export function elementsOf(dataset: DatasetValues): WrittenElement[] {
  return Object.entries(dataset).flatMap(([keyword, values]) => {
    if (values === undefined) return [];
    const [tag, vr] = attributes[keyword as Keyword];
    return [{ tag, vr, value: writtenValue(vr, values) }];
  });
}

function writtenValue(vr: string, values: Values): WrittenValue {
  if (values instanceof Uint8Array || (typeof values === "object" && "writeInto" in values)) return values;
  const list = Array.isArray(values) ? values : [values];
  if (vr === "SQ") return list.map(elementsOf);
  if (vr === "AT")
    return littleEndian(
      list.flatMap((keyword: Keyword) => halvesOf(attributes[keyword][0])),
      2,
    );
  if (vr === "US") return littleEndian(list, 2);
  if (vr === "UL") return littleEndian(list, 4);
  const texts = list.map((one) => (vr === "DS" ? decimalString(one) : cleanText(String(one), maxLengths[vr])));
  return new TextEncoder().encode(texts.join("\\"));
}

/** Of a value, in characters. */
const maxLengths: Readonly<Record<string, number>> = { LO: 64, PN: 64, SH: 16 };

function cleanText(text: string, maxLength = text.length): string {
  return [...text.replace(/[\p{Cc}\\]/gu, " ")].slice(0, maxLength).join("").trim();
}

function halvesOf(tag: number): number[] {
  return [tag >>> 16, tag & 0xffff];
}

function littleEndian(numbers: readonly number[], size: 2 | 4): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * size));
  for (const [i, number] of numbers.entries()) {
    if (size === 2) view.setUint16(i * 2, number, true);
    else view.setUint32(i * 4, number, true);
  }
  return new Uint8Array(view.buffer);
}

const maxDecimalLength = 16;

/** The number nearest to `number` that 16 characters can write. Text stays as it is. */
export function decimalString(number: number | string): string {
  const shortest = String(number);
  if (shortest.length <= maxDecimalLength) return shortest;
  for (let digits = maxDecimalLength - 1; digits > 1; digits--) {
    const shorter = String(Number(Number(number).toPrecision(digits)));
    if (shorter.length <= maxDecimalLength) return shorter;
  }
  return Number(number).toExponential(1);
}
