/**
 * A DICOM data set: read from a file, asked by tag.
 *
 * Tags      eight hex digits, as in DICOM's JSON: "00100020", "7FE00010". Those of the file's meta information are in it.
 * Values    text is decoded with the character set of the data set (an item without one has its parent's) and trimmed.
 * Files     with or without the Part-10 preamble and meta information; what they fail to say is guessed as pydicom does:
 *           explicit VR where two capital letters stand in its place, big endian where the first group would be absurd.
 * Errors    `ERR_DICOM_FORMAT` where it is no DICOM, `ERR_DICOM_SYNTAX` for a transfer syntax that nobody reads,
 *           `ERR_DICOM_CORRUPT` where it breaks off or contradicts itself.
 * Source    PS3.5, PS3.10.
 */

import { MedsslError } from "@medssl/contract";
import { decodeText } from "./character-sets.ts";
import { type Element, type Elements, endOfGroup, readElements, readItems } from "./elements.ts";
import { inflateDataset } from "./inflate.ts";
import {
  type Encoding,
  explicitBigEndian,
  explicitLittleEndian,
  implicitLittleEndian,
  transferSyntaxes,
} from "./transfer-syntaxes.ts";

export interface ParseDicomOptions {
  /** Stop before the pixels; the beginning of a file is then enough. @default false */
  readonly headerOnly?: boolean;
}

/**
 * Reads a DICOM file. Values stay views of `file`, which must not change afterwards.
 *
 * @param name For messages: the file's.
 * @throws {MedsslError} `ERR_DICOM_FORMAT`, `ERR_DICOM_SYNTAX`, `ERR_DICOM_CORRUPT`.
 */
export function parseDicom(
  file: Uint8Array,
  name: string,
  { headerOnly = false }: ParseDicomOptions = {},
): DicomDataset {
  // Node's Buffer is a Uint8Array whose slices are no copies.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const hasPreamble = startsWithMagic(bytes, 128);
  const metaStart = hasPreamble ? 132 : startsWithMagic(bytes, 0) ? 4 : 0;
  if (!hasPreamble && !mayBeDataset(bytes, metaStart)) {
    throw new MedsslError("ERR_DICOM_FORMAT", `${name}: expected a DICOM file, got something else`, {
      hint: "DICOM files have the letters DICM at byte 128, or begin with an element of group 0002 or 0008.",
    });
  }
  const source = { bytes, name };
  const metaEncoding = { explicit: true, littleEndian: true };
  const datasetStart = endOfGroup(source, metaEncoding, metaStart, 0x0002);
  const meta = readElements({ bytes: bytes.subarray(0, datasetStart), name }, metaEncoding, metaStart);
  const named = new DicomDataset(meta, { name, transferSyntax: explicitLittleEndian }).string("00020010");
  const transferSyntax = named ?? guessSyntax(bytes, datasetStart);
  const syntax = transferSyntaxes.get(transferSyntax);
  if (!syntax) {
    throw new MedsslError("ERR_DICOM_SYNTAX", `${name}: expected a transfer syntax of images, got ${transferSyntax}`, {
      hint: "Video (MPEG-2, H.264, HEVC) and experimental syntaxes are not read; export the images in another syntax.",
    });
  }
  const untilGroup = headerOnly ? 0x7fe0 : undefined;
  const elements = syntax.deflated
    ? readElements({ bytes: inflateDataset(bytes.subarray(datasetStart), name), name }, syntax, 0, untilGroup)
    : readElements(source, syntax, datasetStart, untilGroup);
  if (elements.size === 0) {
    throw new MedsslError("ERR_DICOM_CORRUPT", `${name}: expected a data set, got ${bytes.length} bytes without one`, {
      hint: "The file is damaged or was not copied to its end; copy it again from where it came from.",
    });
  }
  return new DicomDataset(new Map([...meta, ...elements]), { name, transferSyntax });
}

interface DatasetOrigin {
  readonly name: string;
  readonly transferSyntax: string;
  /** (0008,0005) of the data set that an item belongs to. */
  readonly characterSets?: readonly string[];
}

/** A data set, or an item of one of its sequences. */
export class DicomDataset {
  /** Of the file, for messages. */
  readonly name: string;
  /** UID. */
  readonly transferSyntax: string;
  readonly #elements: Elements;
  readonly #characterSets: readonly string[];
  readonly #items = new Map<string, readonly DicomDataset[]>();

  constructor(elements: Elements, { name, transferSyntax, characterSets = [] }: DatasetOrigin) {
    this.name = name;
    this.transferSyntax = transferSyntax;
    this.#elements = elements;
    this.#characterSets = [];
    this.#characterSets = this.has("00080005") ? this.strings("00080005") : characterSets;
  }

  has(tag: string): boolean {
    return this.#element(tag) !== undefined;
  }

  /** Every tag, in the order of the file. */
  tags(): string[] {
    return Array.from(this.#elements.keys(), hexTag);
  }

  /** The value representation as the file names it; in implicit data `UN` where the tag is not one of our dictionary's. */
  vr(tag: string): string | undefined {
    return this.#element(tag)?.vr;
  }

  /** The first value as text; undefined where it is missing or empty. */
  string(tag: string): string | undefined {
    return this.strings(tag)[0] || undefined;
  }

  /** All values as text, none for sequences and bytes; empty ones between others are "". */
  strings(tag: string): string[] {
    const element = this.#element(tag);
    if (!element || element.value.length === 0 || wordVrs.has(element.vr)) return [];
    if (element.vr in binaryVrs) return binaryNumbers(element).map(element.vr === "AT" ? hexTag : String);
    const text = decodeText(element.value, this.#characterSets, element.vr === "PN");
    if (paragraphVrs.has(element.vr)) return [text.replace(/[\0\s]+$/, "")];
    return text.split("\\").map((value) => value.replace(/^[\0\s]+|[\0\s]+$/g, ""));
  }

  /** The first value as a number; undefined where it is missing, empty or not a number. */
  number(tag: string): number | undefined {
    const first = this.numbers(tag)[0];
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  /** All values as numbers; NaN for those that are none. */
  numbers(tag: string): number[] {
    const element = this.#element(tag);
    if (element && element.vr in binaryVrs) return binaryNumbers(element);
    const texts = this.strings(tag);
    return texts.length === 1 && texts[0] === "" ? [] : texts.map((text) => (text === "" ? Number.NaN : Number(text)));
  }

  /** The value as it stands in the file. */
  bytes(tag: string): Uint8Array | undefined {
    return this.#element(tag)?.value;
  }

  /** Whether the numbers of an element are written with the low byte first. */
  isLittleEndian(tag: string): boolean {
    return this.#element(tag)?.encoding.littleEndian ?? true;
  }

  /** Fragments of encapsulated pixels, the basic offset table first; undefined where the pixels are not encapsulated. */
  fragments(tag: string): readonly Uint8Array[] | undefined {
    return this.#element(tag)?.fragments;
  }

  /**
   * The items of a sequence; none where it is missing.
   *
   * @throws {MedsslError} `ERR_DICOM_CORRUPT` where the value is no sequence.
   */
  items(tag: string): readonly DicomDataset[] {
    const known = this.#items.get(tag);
    if (known) return known;
    const element = this.#element(tag);
    const items = element ? (element.items ?? readItems(element, this.name)) : [];
    const origin = { name: this.name, transferSyntax: this.transferSyntax, characterSets: this.#characterSets };
    const datasets = items.map((elements) => new DicomDataset(elements, origin));
    this.#items.set(tag, datasets);
    return datasets;
  }

  #element(tag: string): Element | undefined {
    return this.#elements.get(Number.parseInt(tag, 16));
  }
}

/** Values that are no text: lists of bytes and words, sequences. */
const wordVrs = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ"]);

/** Text in which a backslash is a backslash. */
const paragraphVrs = new Set(["LT", "ST", "UT", "UR"]);

/** Bytes of one value and how it is read. */
const binaryVrs: Readonly<Record<string, readonly [size: number, read: Read]>> = {
  US: [2, (view, at, little) => view.getUint16(at, little)],
  SS: [2, (view, at, little) => view.getInt16(at, little)],
  UL: [4, (view, at, little) => view.getUint32(at, little)],
  SL: [4, (view, at, little) => view.getInt32(at, little)],
  FL: [4, (view, at, little) => view.getFloat32(at, little)],
  FD: [8, (view, at, little) => view.getFloat64(at, little)],
  UV: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  SV: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  AT: [4, (view, at, little) => view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little)],
};

type Read = (view: DataView, at: number, little: boolean) => number;

function binaryNumbers({ vr, value, encoding }: Element): number[] {
  const [size, read] = binaryVrs[vr]!;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: Math.floor(value.length / size) }, (_, i) => read(view, i * size, encoding.littleEndian));
}

function hexTag(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, "0");
}

function startsWithMagic(bytes: Uint8Array, position: number): boolean {
  return "DICM".split("").every((letter, i) => bytes[position + i] === letter.charCodeAt(0));
}

/** Whether an element of group 2 or 8 may stand there, in either byte order. */
function mayBeDataset(bytes: Uint8Array, start: number): boolean {
  if (bytes.length - start < 16) return false;
  const [low = 0, high = 0, elementLow, elementHigh] = bytes.subarray(start, start + 4);
  const isGroup = (low === 0 || high === 0) && [2, 8].includes(low | high);
  return isGroup && (elementLow === 0 || elementHigh === 0);
}

/** The syntax of a data set whose file names none. */
function guessSyntax(bytes: Uint8Array, start: number): string {
  const [low = 0, , , , first = 0, second = 0] = bytes.subarray(start, start + 6);
  const encoding: Encoding = {
    explicit: [first, second].every((code) => code >= 0x41 && code <= 0x5a),
    littleEndian: low !== 0,
  };
  if (!encoding.explicit) return implicitLittleEndian;
  return encoding.littleEndian ? explicitLittleEndian : explicitBigEndian;
}
