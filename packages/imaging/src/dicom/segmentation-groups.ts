/**
 * What a segmentation says of its frames: of which segment they are, where they lie, and which image they were drawn on.
 *
 * Places     are the source's, digit by digit. Spacing between slices is told where it is even; slices of a tilted gantry
 *            keep their shifted positions.
 * Pictures   without a place get a label each, where there are several, so that something tells the frames apart. What has
 *            no meaning without a place is written all the same where viewers fail without it: OHIF 3.12 without pixel
 *            measures, highdicom without a thickness in them.
 * Source     PS3.3 C.7.6.16 (functional groups), C.7.6.17 (dimensions), A.51.5; PS3.16 CID 7202, 7203.
 */

import type { Vec3 } from "../scan.ts";
import type { DatasetValues, Keyword } from "./attributes.ts";
import type { FrameHeader, InstanceHeader } from "./instance-header.ts";
import type { Code } from "./segmentation.ts";
import { codeItem } from "./segmentation-codes.ts";
import type { PixelFrame } from "./segmentation-pixels.ts";
import type { SeriesVolume } from "./volume.ts";
import { distanceOf } from "./volume-geometry.ts";

/** Where a slice lies, all of it known. */
export interface PlacedSlice extends FrameHeader {
  readonly positionMm: Vec3;
  readonly directions: readonly [row: Vec3, column: Vec3];
  readonly spacingMm: readonly [y: number, x: number];
}

export interface GroupOptions {
  readonly dimensionsUid: string;
  /** Undefined for pictures without a place. */
  readonly places: readonly PlacedSlice[] | undefined;
  /** Size [y, x] of the pictures' pixels, where their file says it. */
  readonly pixelSizeMm: readonly [y: number, x: number] | undefined;
}

/** The multi-frame functional groups and dimensions. */
export function frameGroups(
  frames: readonly PixelFrame[],
  volume: SeriesVolume,
  { dimensionsUid, places, pixelSizeMm = [1, 1] }: GroupOptions,
): DatasetValues {
  const hasSegments = frames[0]!.segment !== undefined;
  const hasLabels = !places && (volume.slices.length > 1 || !hasSegments);
  const order = new Map([...new Set(frames.map(({ slice }) => slice))].sort((a, b) => a - b).map((z, i) => [z, i + 1]));
  const indexes = [
    ...(hasSegments ? [dimension("ReferencedSegmentNumber", "SegmentIdentificationSequence")] : []),
    ...(places ? [dimension("ImagePositionPatient", "PlanePositionSequence")] : []),
    ...(hasLabels ? [dimension("FrameLabel", "FrameContentSequence")] : []),
  ];
  const orientation = places && sharedOrientation(places);
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: dimensionsUid }],
    DimensionIndexSequence: indexes.map((index) => ({ ...index, DimensionOrganizationUID: dimensionsUid })),
    SharedFunctionalGroupsSequence: [
      places
        ? { PixelMeasuresSequence: [pixelMeasures(places)], PlaneOrientationSequence: orientation && [orientation] }
        : {
            PixelMeasuresSequence: [{ PixelSpacing: pixelSizeMm, SliceThickness: 1 }],
            PlaneOrientationSequence: [assumedPlane],
          },
    ],
    PerFrameFunctionalGroupsSequence: frames.map(({ segment, slice }) => {
      const place = places?.[slice];
      return {
        FrameContentSequence: [
          {
            DimensionIndexValues: [
              ...(hasSegments ? [segment!] : []),
              ...(place || hasLabels ? [order.get(slice)!] : []),
            ],
            FrameLabel: hasLabels ? `Frame ${slice + 1}` : undefined,
          },
        ],
        PlanePositionSequence: place && [{ ImagePositionPatient: place.positionMm }],
        PlaneOrientationSequence: place && !orientation ? [orientationOf(place)] : undefined,
        SegmentIdentificationSequence: hasSegments ? [{ ReferencedSegmentNumber: segment! }] : undefined,
        DerivationImageSequence: [derivation(volume, slice)],
      };
    }),
  };
}

function dimension(pointer: Keyword, group: Keyword): DatasetValues {
  return { DimensionIndexPointer: [pointer], FunctionalGroupPointer: [group], DimensionDescriptionLabel: pointer };
}

function derivation({ slices, instances }: SeriesVolume, z: number): DatasetValues {
  const { file, frame } = slices[z]!;
  const instance = instances.find((one) => one.file === file)!;
  return {
    DerivationCodeSequence: [codeItem(segmentation)],
    SourceImageSequence: [
      {
        ...instanceReference(instance),
        ReferencedFrameNumber: instance.numFrames > 1 ? frame + 1 : undefined,
        SpatialLocationsPreserved: "YES",
        PurposeOfReferenceCodeSequence: [codeItem(sourceImage)],
      },
    ],
  };
}

export function instanceReference({ sopClass, instanceUid }: InstanceHeader): DatasetValues {
  return { ReferencedSOPClassUID: sopClass!, ReferencedSOPInstanceUID: instanceUid! };
}

function pixelMeasures(places: readonly PlacedSlice[]): DatasetValues {
  const spacing = evenSpacing(places);
  return {
    PixelSpacing: places[0]!.spacingMm,
    SliceThickness: places[0]!.thicknessMm ?? spacing,
    SpacingBetweenSlices: spacing,
  };
}

/** How far a step may be off, as a share of it. */
const maxUnevenness = 0.01;

/** Between slices along their normal; undefined for a single slice and for uneven steps. */
function evenSpacing(places: readonly PlacedSlice[]): number | undefined {
  if (places.length < 2) return undefined;
  const distances = places.map(distanceOf);
  const spacing = (distances.at(-1)! - distances[0]!) / (distances.length - 1);
  const isEven = distances.every(
    (distance, i) => Math.abs(distance - distances[0]! - i * spacing) <= maxUnevenness * spacing,
  );
  return isEven ? Number(spacing.toFixed(6)) : undefined;
}

/**
 * Of pictures that have no place. It has no meaning without a frame of reference; but Cornerstone3D and OHIF,
 * which assume this plane of such pictures, refuse a segmentation that names none.
 */
const assumedPlane: DatasetValues = { ImageOrientationPatient: [1, 0, 0, 0, 1, 0] };

/** Undefined where the slices' differ. */
function sharedOrientation(places: readonly PlacedSlice[]): DatasetValues | undefined {
  const first = String(places[0]!.directions);
  return places.every(({ directions }) => String(directions) === first) ? orientationOf(places[0]!) : undefined;
}

function orientationOf({ directions }: PlacedSlice): DatasetValues {
  return { ImageOrientationPatient: directions.flat() };
}

const segmentation: Code = { scheme: "DCM", value: "113076", meaning: "Segmentation" };
const sourceImage: Code = { scheme: "DCM", value: "121322", meaning: "Source image for image processing operation" };
