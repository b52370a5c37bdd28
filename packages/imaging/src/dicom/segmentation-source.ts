/**
 * What a segmentation has from the images that it was made of: patient, study, frame of reference, and what their pixels have
 * been through.
 *
 * Copied     the attributes of the patient and the study, clinical trials among them, that are listed here; nothing private.
 *            What identifies patient and study stays as it is written, right or wrong, since an archive matches by it. Of
 *            the rest, values that break their own rules (an age of letters) are left out.
 * Text       keeps its bytes and its character set, unless the set is none that DICOM knows, or our own text needs more than
 *            ASCII: then all is written in UTF-8.
 * Lossy      where any of the images was compressed with loss.
 * Errors     `ERR_SEGMENTATION_SOURCE` where an image lacks one of the UIDs that tie the segmentation to it, or is of another
 *            study or patient than the first.
 * Source     PS3.3 C.7.1, C.7.2, C.7.3, C.7.4.1, C.8.20.2.2.
 */

import { MedsslError } from "@medssl/contract";
import { type DatasetValues, elementsOf } from "./attributes.ts";
import { copiedElements } from "./copied-elements.ts";
import type { DicomDataset } from "./dataset.ts";
import { instanceReference, type PlacedSlice } from "./segmentation-groups.ts";
import type { SeriesVolume } from "./volume.ts";
import type { WrittenElement } from "./write-elements.ts";

/** By which an archive matches: name and ID of the patient; accession number, UID and ID of the study. */
const identifying = new Set(["00100010", "00100020", "00080050", "0020000D", "00200010"]);

/** And date, time and sender of the study, birth date and sex of the patient: what must be there, be it empty (type 2). */
const needed = new Set([...identifying, "00080020", "00080030", "00080090", "00100030", "00100040"]);

/** So of a clinical trial, where its protocol is named: name of the protocol, site, point in time. */
const neededOfTrial = ["00120021", "00120030", "00120031", "00120050"];

/** The elements of each group that are copied beside those that are needed. */
const copied: Readonly<Record<string, string>> = {
  "0008": "0051 0096 009C 009D 1030 1032 1048 1049 1060 1062 1080 1084 1110",
  "0010":
    "0021 0022 0024 0026 0027 0032 0033 0034 0035 0101 0200 0212 0213 0214 0215 0216 0219 0221 1001 1002 1010 1020 1021 " +
    "1022 1030 2000 2110 2180 21A0 21B0 21C0 21D0 2201 2202 2203 2292 2293 2294 2297 2298 2299 4000",
  "0012":
    "0010 0020 0021 0022 0023 0030 0031 0032 0040 0041 0042 0043 0050 0051 0052 0053 0054 0055 0062 0063 0064 0081 0082 0083",
  "0018": "0015",
  "0038": "0010 0014 0060 0062 0064 0500",
  "0040": "1012",
};

const copiedTags = Object.entries(copied).flatMap(([group, elements]) => elements.split(" ").map((one) => group + one));

/** Size and weight: many scanners write 0 for what nobody measured. */
const bodySizes = new Set(["00101020", "00101030"]);

export interface SegmentationSource {
  readonly elements: readonly WrittenElement[];
  readonly places: readonly PlacedSlice[] | undefined;
  readonly seriesNumber: number | undefined;
  /** Such as +0100: what the dates and times of the study are in; undefined where it does not say. */
  readonly timezone: string | undefined;
}

/**
 * @param isAscii Whether what else will be written is.
 * @throws {MedsslError} `ERR_SEGMENTATION_SOURCE`
 */
export function readSource(
  volume: SeriesVolume,
  headerOf: (file: string) => DicomDataset,
  { isAscii }: { readonly isAscii: boolean },
): SegmentationSource {
  const first = headerOf(volume.instances[0]!.file);
  const lossy = checkInstances(volume, headerOf, first);
  const frameOfReference = first.string("00200052");
  const places = frameOfReference === undefined ? undefined : placesOf(volume);
  const timezone = first.string("00080201");
  return {
    elements: [
      ...copiedText(first, isAscii),
      ...elementsOf({
        // What says how a picture is held, where no axes do; type 2.
        PatientOrientation: places ? undefined : first.strings("00200020"),
        FrameOfReferenceUID: places && frameOfReference,
        PositionReferenceIndicator: places && (first.string("00201040") ?? ""),
        ReferencedSeriesSequence: [
          {
            SeriesInstanceUID: volume.instances[0]!.seriesUid!,
            ReferencedInstanceSequence: volume.instances.map(instanceReference),
          },
        ],
        ...lossy,
      }),
    ],
    places,
    seriesNumber: first.number("00200011"),
    timezone: timezone && /^[+-]\d{4}$/.test(timezone) ? timezone : undefined,
  };
}

/** The attributes that are copied, and the character set that they are written in. */
function copiedText(first: DicomDataset, isAscii: boolean): WrittenElement[] {
  const sets = first.strings("00080005");
  const isDeclared = sets.some(Boolean) && sets.every((set) => /^(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK|)$/.test(set));
  const isUtf8 = sets.length === 1 && sets[0] === "ISO_IR 192";
  const isKept = isUtf8 || (isDeclared && isAscii);
  const isTrial = first.string("00120020") !== undefined;
  const elements = copiedElements(
    first,
    new Set([...needed, ...copiedTags.filter((tag) => !(bodySizes.has(tag) && first.number(tag) === 0))]),
    { toUtf8: !isKept, identifying, needed: new Set([...needed, ...(isTrial ? neededOfTrial : [])]) },
  );
  const needsSet = isKept || !isAscii || elements.some(holdsMoreThanAscii);
  const set = isKept ? sets : ["ISO_IR 192"];
  return [...elements, ...elementsOf({ SpecificCharacterSet: needsSet ? set : undefined })];
}

function holdsMoreThanAscii({ value }: WrittenElement): boolean {
  if (value instanceof Uint8Array) return value.some((byte) => byte > 0x7e);
  return Array.isArray(value) && value.flat().some(holdsMoreThanAscii);
}

/** Refuses what cannot be referred to; returns what the images say of loss. */
function checkInstances(
  { instances }: SeriesVolume,
  headerOf: (file: string) => DicomDataset,
  first: DicomDataset,
): DatasetValues {
  const [study, patient] = [first.string("0020000D"), first.string("00100020")];
  let lossy: DatasetValues = { LossyImageCompression: "00" };
  for (const { file } of instances) {
    const header = headerOf(file);
    const missing = neededUids.filter(([tag]) => header.string(tag) === undefined).map(([, keyword]) => keyword);
    if (missing.length > 0) throw sourceError(file, neededUids.map(([, keyword]) => keyword).join(", "), missing);
    const own = header.string("0020000D");
    if (own !== study) throw sourceError(file, `an image of the study ${study}`, [`one of ${own}`]);
    // Their numbers are no one else's business.
    if (header.string("00100020") !== patient) {
      throw sourceError(file, "an image of the first one's patient", ["one of another"]);
    }
    if (lossy.LossyImageCompression === "00") lossy = lossOf(header);
  }
  return lossy;
}

const neededUids = [
  ["00080016", "SOPClassUID"],
  ["00080018", "SOPInstanceUID"],
  ["0020000D", "StudyInstanceUID"],
  ["0020000E", "SeriesInstanceUID"],
] as const;

function sourceError(file: string, expected: string, got: readonly string[]): MedsslError {
  const isMissing = !got[0]?.startsWith("one of");
  return new MedsslError(
    "ERR_SEGMENTATION_SOURCE",
    `${file}: expected ${expected}, ${isMissing ? `without ${got.join(", ")}` : `got ${got[0]}`}`,
    { hint: "A segmentation refers to its images by their UIDs; write NIfTI or PNG for images without them." },
  );
}

/** Methods of the transfer syntaxes that lose: their flag is missing in many files. */
const lossyMethods: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2.4.50": "ISO_10918_1",
  "1.2.840.10008.1.2.4.51": "ISO_10918_1",
  "1.2.840.10008.1.2.4.53": "ISO_10918_1",
  "1.2.840.10008.1.2.4.55": "ISO_10918_1",
  "1.2.840.10008.1.2.4.81": "ISO_14495_1",
};

function lossOf(header: DicomDataset): DatasetValues {
  const method = lossyMethods[header.transferSyntax];
  if (header.string("00282110") !== "01" && method === undefined) return { LossyImageCompression: "00" };
  const ratios = header.numbers("00282112").filter((ratio) => ratio > 0);
  const methods = header.strings("00282114").filter((one) => /^[A-Z\d_]{1,16}$/.test(one));
  return {
    LossyImageCompression: "01",
    LossyImageCompressionRatio: ratios.length > 0 ? ratios : undefined,
    LossyImageCompressionMethod: methods.length > 0 ? methods : method,
  };
}

/** Of each slice; undefined where one has none of its own. */
function placesOf({ slices, instances }: SeriesVolume): PlacedSlice[] | undefined {
  const places = slices.flatMap(({ file, frame }) => {
    const { frames, numFrames } = instances.find((one) => one.file === file)!;
    const place = frames.length === numFrames ? frames[frame] : undefined;
    const { positionMm, directions, spacingMm } = place ?? {};
    return place && positionMm && directions && spacingMm ? [{ ...place, positionMm, directions, spacingMm }] : [];
  });
  return places.length === slices.length ? places : undefined;
}
