/**
 * The elements of a data set, found in its bytes; their values are neither copied nor interpreted here.
 *
 * Order     as in the file. An element that occurs twice counts as it stands last.
 * Lengths   sequences of undefined length are walked at once, since nothing else tells where they end; sequences of known
 *           length when they are asked for. A value that would end behind the data is an error before it is touched.
 * Guessing  data that say nothing of VRs where the syntax promises them are read as implicit, for a whole data set, an
 *           item of a sequence or one element: writers do all three.
 * Errors    `ERR_DICOM_CORRUPT`, with the place in the file.
 * Source    PS3.5 section 7.
 */

import { MedsslError } from "@medssl/contract";
import { vrOfTag } from "./dictionary.ts";
import type { Encoding } from "./transfer-syntaxes.ts";

export interface Element {
  /** Two letters; `UN` in implicit data where our dictionary does not know the tag. */
  readonly vr: string;
  readonly encoding: Encoding;
  /** The value as it stands in the file, for undefined lengths all up to the delimiter. */
  readonly value: Uint8Array;
  /** Items of a sequence of undefined length. */
  readonly items?: readonly Elements[] | undefined;
  /** Fragments of encapsulated pixels; the first is the basic offset table. */
  readonly fragments?: readonly Uint8Array[] | undefined;
}

/** By tag, as a number: 0x00100020. */
export type Elements = ReadonlyMap<number, Element>;

/** The file that the elements are read from. */
export interface ElementSource {
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly name: string;
}

const itemTag = 0xfffee000;
const itemEndTag = 0xfffee00d;
const sequenceEndTag = 0xfffee0dd;
const pixelDataTag = 0x7fe00010;
const undefinedLength = 0xffffffff;
const implicitEncoding: Encoding = { explicit: false, littleEndian: true };

/** Far more than any real file nests, or holds in its header. */
const maxDepth = 64;
const maxElements = 2 ** 21;

/** VRs whose explicit length has 32 bits. */
export const longVrs: ReadonlySet<string> = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));

/** Reads the elements of a whole data set from `start` on; `untilGroup` is the first group that is left alone. */
export function readElements(source: ElementSource, encoding: Encoding, start = 0, untilGroup = 0x10000): Elements {
  const reader = new ElementReader(source);
  reader.position = start;
  return reader.readDataset(source.bytes.length, encoding, 0, untilGroup);
}

/** Reads the items of a sequence from its value. */
export function readItems({ value, encoding }: Element, name: string): readonly Elements[] {
  const reader = new ElementReader({ bytes: value, name });
  return reader.readSequence(value.length, encoding, 1);
}

/** Where the elements of `group` end that stand at `start`. */
export function endOfGroup(source: ElementSource, encoding: Encoding, start: number, group: number): number {
  const reader = new ElementReader(source);
  reader.position = start;
  reader.readDataset(source.bytes.length, encoding, 0, group + 1);
  return reader.position;
}

class ElementReader {
  position = 0;
  readonly #source: ElementSource;
  readonly #view: DataView;
  #numElements = 0;

  constructor(source: ElementSource) {
    this.#source = source;
    this.#view = new DataView(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength);
  }

  /** Reads up to `end`, the end of an item (which is passed over) or the first element of `untilGroup`. */
  readDataset(end: number, assumed: Encoding, depth: number, untilGroup = 0x10000): Elements {
    const elements = new Map<number, Element>();
    const encoding = this.#encodingAt(this.position, end, assumed);
    while (end - this.position >= 8) {
      const start = this.position;
      const tag = this.#tagAt(start, encoding);
      if (tag === itemEndTag || tag === sequenceEndTag) {
        this.position += 8;
        if (depth > 0) return elements;
        continue;
      }
      if (tag >>> 16 >= untilGroup) return elements;
      // What follows the pixels is of no use to anyone; writers pad with zeros there.
      if (depth === 0 && elements.has(pixelDataTag) && tag < pixelDataTag) return elements;
      elements.set(tag, this.#readElement(tag, end, encoding, depth));
      if (++this.#numElements > maxElements) throw this.#corrupt(start, `at most ${maxElements} elements`, "more");
    }
    if (depth === 0 && !elements.has(pixelDataTag) && this.position < end) {
      throw this.#corrupt(this.position, "an element", `the last ${end - this.position} bytes`);
    }
    this.position = end;
    return elements;
  }

  /** Reads the items up to `end` or the end of the sequence, which is passed over. */
  readSequence(end: number, encoding: Encoding, depth: number): Elements[] {
    if (depth > maxDepth) throw this.#corrupt(this.position, `sequences at most ${maxDepth} deep`, "deeper ones");
    const items: Elements[] = [];
    while (end - this.position >= 8) {
      const start = this.position;
      const tag = this.#tagAt(start, encoding);
      const length = this.#view.getUint32(start + 4, encoding.littleEndian);
      this.position += 8;
      if (tag === sequenceEndTag) return items;
      if (tag !== itemTag) throw this.#corrupt(start, "an item of a sequence", `the tag ${tagName(tag)}`);
      const itemEnd = length === undefinedLength ? end : this.#endOf(start, length, end);
      items.push(this.readDataset(itemEnd, encoding, depth));
    }
    this.position = end;
    return items;
  }

  #readElement(tag: number, end: number, encoding: Encoding, depth: number): Element {
    const start = this.position;
    const { vr, length, hasVr } = this.#readHeader(tag, end, encoding);
    const valueStart = this.position;
    if (length !== undefinedLength) {
      this.position = this.#endOf(start, length, end);
      return { vr, encoding, value: this.#source.bytes.subarray(valueStart, this.position) };
    }
    if (tag === pixelDataTag || (hasVr && vr !== "SQ" && vr !== "UN")) {
      const fragments = this.#readFragments(end, encoding);
      return { vr, encoding, fragments, value: this.#source.bytes.subarray(valueStart, this.position) };
    }
    // A sequence whose writer did not know that it is one is implicit inside (PS3.5 6.2.2).
    const inner = hasVr && vr === "SQ" ? encoding : implicitIn(encoding, vr);
    const items = this.readSequence(end, inner, depth + 1);
    return { vr: "SQ", encoding: inner, items, value: this.#source.bytes.subarray(valueStart, this.position) };
  }

  #readHeader(tag: number, end: number, encoding: Encoding): { vr: string; length: number; hasVr: boolean } {
    const start = this.position;
    const view = this.#view;
    if (!encoding.explicit || !hasVrAt(view, start + 4)) {
      this.position += 8;
      return { vr: vrOfTag(tag), length: view.getUint32(start + 4, encoding.littleEndian), hasVr: false };
    }
    const vr = String.fromCharCode(view.getUint8(start + 4), view.getUint8(start + 5));
    if (!longVrs.has(vr)) {
      this.position += 8;
      return { vr, length: view.getUint16(start + 6, encoding.littleEndian), hasVr: true };
    }
    if (end - start < 12) throw this.#corrupt(start, `the length of ${tagName(tag)}`, "the end of the data");
    this.position += 12;
    return { vr, length: view.getUint32(start + 8, encoding.littleEndian), hasVr: true };
  }

  #readFragments(end: number, encoding: Encoding): Uint8Array[] {
    const fragments: Uint8Array[] = [];
    while (end - this.position >= 8) {
      const start = this.position;
      const tag = this.#tagAt(start, encoding);
      const length = this.#view.getUint32(start + 4, encoding.littleEndian);
      this.position += 8;
      if (tag === sequenceEndTag) return fragments;
      if (tag !== itemTag) throw this.#corrupt(start, "a fragment of the pixel data", `the tag ${tagName(tag)}`);
      this.position = this.#endOf(start, length, end);
      fragments.push(this.#source.bytes.subarray(start + 8, this.position));
    }
    // Some writers leave the delimiter away. A file that broke off here lacks frames, which are counted later.
    if (this.position === end) return fragments;
    throw this.#corrupt(this.position, "the end of the pixel data's fragments", "the end of the data");
  }

  /** The end of a value that begins at the reader's position. */
  #endOf(start: number, length: number, end: number): number {
    if (length <= end - this.position) return this.position + length;
    const tag = `${tagName(this.#tagAt(start, implicitEncoding))}`;
    throw this.#corrupt(start, `${length} bytes in ${tag}`, `${end - this.position} before the end of the data`);
  }

  #tagAt(position: number, { littleEndian }: Encoding): number {
    const group = this.#view.getUint16(position, littleEndian);
    return ((group << 16) | this.#view.getUint16(position + 2, littleEndian)) >>> 0;
  }

  #encodingAt(position: number, end: number, assumed: Encoding): Encoding {
    if (!assumed.explicit || end - position < 8 || hasVrAt(this.#view, position + 4)) return assumed;
    const tag = this.#tagAt(position, assumed);
    return tag === itemEndTag || tag === sequenceEndTag ? assumed : { ...assumed, explicit: false };
  }

  #corrupt(position: number, expected: string, got: string): MedsslError {
    return new MedsslError(
      "ERR_DICOM_CORRUPT",
      `${this.#source.name}: truncated or damaged at byte ${position}: expected ${expected}, got ${got}`,
      { hint: "The file is damaged or was not copied to its end; copy it again from where it came from." },
    );
  }
}

function implicitIn(encoding: Encoding, vr: string): Encoding {
  return vr === "UN" && encoding.explicit ? implicitEncoding : { ...encoding, explicit: false };
}

function hasVrAt(view: DataView, position: number): boolean {
  return isCapital(view.getUint8(position)) && isCapital(view.getUint8(position + 1));
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

/** (0028,0010) */
function tagName(tag: number): string {
  const digits = tag.toString(16).toUpperCase().padStart(8, "0");
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}
