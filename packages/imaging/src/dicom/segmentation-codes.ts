/**
 * What a segmentation says of its segments: name, codes, color, and which model drew them.
 *
 * Background   a labelmap describes it too, as segment 0.
 * Source       PS3.3 C.8.20.4 (segments), 10.16 (algorithms), 8.8 (codes); PS3.16 CID 7162 (kinds of algorithm).
 */

import { MedsslError } from "@medssl/contract";
import type { Color } from "../overlay.ts";
import type { DatasetValues } from "./attributes.ts";
import { dicomLabOf } from "./cielab.ts";
import type { Code } from "./segmentation.ts";
import type { StructureCodes } from "./structures.ts";

/** A segment to write. */
export interface WrittenSegment extends StructureCodes {
  /** Its value among the labels, 1 to 255. */
  readonly value: number;
  readonly name: string;
  /** sRGB, 0 to 255. */
  readonly color: Color;
}

export interface SegmentationAlgorithm {
  readonly name: string;
  readonly version: string;
}

/** @throws {MedsslError} `ERR_SEGMENTATION` */
export function checkSegments(segments: readonly WrittenSegment[]): void {
  const values = segments.map(({ value }) => value);
  const isRight = values.every((value) => Number.isInteger(value) && value >= 1 && value <= 255);
  if (isRight && values.length > 0 && new Set(values).size === values.length) return;
  throw new MedsslError(
    "ERR_SEGMENTATION",
    `segments: expected one or more, each with a value of its own from 1 to 255, got ${values.join(", ") || "none"}`,
    { hint: "The values are those of the labels; the background, 0, is no segment." },
  );
}

/** The items of SegmentSequence. */
export function segmentItems(
  segments: readonly WrittenSegment[],
  algorithm: SegmentationAlgorithm,
  kind: "binary" | "fractional" | "labelmap",
): DatasetValues[] {
  const items = segments.map((segment, i) => ({ ...segmentItem(segment, algorithm), SegmentNumber: i + 1 }));
  return kind === "labelmap" ? [backgroundItem(algorithm), ...items] : items;
}

function segmentItem(
  { name, category, type, modifiers, color }: Omit<WrittenSegment, "value">,
  algorithm: SegmentationAlgorithm,
): DatasetValues {
  return {
    SegmentLabel: name,
    SegmentedPropertyCategoryCodeSequence: [codeItem(category)],
    SegmentedPropertyTypeCodeSequence: [
      {
        ...codeItem(type),
        SegmentedPropertyTypeModifierCodeSequence: modifiers.length > 0 ? modifiers.map(codeItem) : undefined,
      },
    ],
    SegmentAlgorithmType: "AUTOMATIC",
    SegmentAlgorithmName: algorithm.name,
    SegmentationAlgorithmIdentificationSequence: [
      {
        AlgorithmFamilyCodeSequence: [codeItem(artificialIntelligence)],
        AlgorithmName: algorithm.name,
        AlgorithmVersion: algorithm.version,
      },
    ],
    RecommendedDisplayCIELabValue: dicomLabOf(color),
  };
}

function backgroundItem(algorithm: SegmentationAlgorithm): DatasetValues {
  const codes = { category: background, type: background, modifiers: [] };
  return { ...segmentItem({ name: "Background", color: [0, 0, 0], ...codes }, algorithm), SegmentNumber: 0 };
}

/** SNOMED CT's identifiers may be longer than a CodeValue. */
const maxCodeValueLength = 16;

export function codeItem({ scheme, value, meaning }: Code): DatasetValues {
  const tag = value.length > maxCodeValueLength ? "LongCodeValue" : "CodeValue";
  return { [tag]: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}

const artificialIntelligence: Code = { scheme: "DCM", value: "123109", meaning: "Artificial Intelligence" };
const background: Code = { scheme: "DCM", value: "125040", meaning: "Background" };
