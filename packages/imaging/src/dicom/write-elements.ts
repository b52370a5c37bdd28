/**
 * A DICOM file from its elements: Part-10 preamble, meta information, data set.
 *
 * Values    are bytes as the transfer syntax wants them; this file only writes headers and lengths around them and pads
 *           odd values. Items and sequences get known lengths.
 * Order     of tags, whatever order the elements come in.
 * Source    PS3.5 section 7, PS3.10 section 7.
 */

import { longVrs } from "./elements.ts";
import type { Encoding } from "./transfer-syntaxes.ts";

export interface WrittenElement {
  /** 0x00100020 */
  readonly tag: number;
  readonly vr: string;
  readonly value: WrittenValue;
}

/** Bytes; the items of a sequence; or the fragments of encapsulated pixels, the basic offset table first. */
export type WrittenValue =
  | Uint8Array
  | FilledValue
  | readonly (readonly WrittenElement[])[]
  | { readonly fragments: readonly Uint8Array[] };

/** Bytes that are made where they are to stand, so that large ones are not in memory twice. */
export interface FilledValue {
  readonly length: number;
  /** @param target `length` zeros. */
  readonly writeInto: (target: Uint8Array) => void;
}

/** What a file says of itself before its data set. */
export interface FileMeta {
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly transferSyntax: string;
}

/** Made once, at random, for this program. */
const implementationClass = "2.25.151743728811985001410874706093477378744";
const implementationVersion = "MEDSSL";

const itemTag = 0xfffee000;
const sequenceEndTag = 0xfffee0dd;
const undefinedLength = 0xffffffff;
const spacePaddedVrs = new Set([
  "AE",
  "AS",
  "CS",
  "DA",
  "DS",
  "DT",
  "IS",
  "LO",
  "LT",
  "PN",
  "SH",
  "ST",
  "TM",
  "UC",
  "UR",
  "UT",
]);
const metaEncoding: Encoding = { explicit: true, littleEndian: true };

/** A whole file. The preamble, where other programs leave traces of theirs, is zero. */
export function writeDicomFile(meta: FileMeta, elements: readonly WrittenElement[], encoding: Encoding): Uint8Array {
  const metaElements = [
    { tag: 0x00020001, vr: "OB", value: Uint8Array.of(0, 1) },
    textElement(0x00020002, "UI", meta.sopClass),
    textElement(0x00020003, "UI", meta.sopInstance),
    textElement(0x00020010, "UI", meta.transferSyntax),
    textElement(0x00020012, "UI", implementationClass),
    textElement(0x00020013, "SH", implementationVersion),
  ];
  const groupLength = new Uint8Array(4);
  new DataView(groupLength.buffer).setUint32(0, datasetSize(metaElements, metaEncoding), true);
  const metaGroup = [{ tag: 0x00020000, vr: "UL", value: groupLength }, ...metaElements];
  const metaBytes = 132 + datasetSize(metaGroup, metaEncoding);
  const bytes = new Uint8Array(metaBytes + datasetSize(elements, encoding));
  bytes.set(new TextEncoder().encode("DICM"), 128);
  new ElementWriter(bytes, 132, metaEncoding).writeDataset(metaGroup);
  new ElementWriter(bytes, metaBytes, encoding).writeDataset(elements);
  return bytes;
}

/** An element of ASCII text; several values stand behind one another with backslashes between. */
export function textElement(tag: number, vr: string, text: string): WrittenElement {
  return { tag, vr, value: new TextEncoder().encode(text) };
}

function datasetSize(elements: readonly WrittenElement[], encoding: Encoding): number {
  return elements.reduce((sum, element) => sum + headerSize(element, encoding) + valueSize(element, encoding), 0);
}

function valueSize({ value }: WrittenElement, encoding: Encoding): number {
  if (value instanceof Uint8Array || "writeInto" in value) return value.length + (value.length % 2);
  if ("fragments" in value) return value.fragments.reduce((sum, fragment) => sum + 8 + fragment.length, 8);
  return value.reduce((sum, item) => sum + 8 + datasetSize(item, encoding), 0);
}

function headerSize(element: WrittenElement, encoding: Encoding): number {
  return encoding.explicit && longVrs.has(writtenVr(element, encoding)) ? 12 : 8;
}

/** A value too long for its VR's 16 bits of length is written as `UN` (PS3.5 6.2.2, note 2). */
function writtenVr(element: WrittenElement, encoding: Encoding): string {
  return longVrs.has(element.vr) || valueSize(element, encoding) < 2 ** 16 ? element.vr : "UN";
}

class ElementWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #encoding: Encoding;
  #position: number;

  constructor(bytes: Uint8Array, position: number, encoding: Encoding) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#position = position;
    this.#encoding = encoding;
  }

  writeDataset(elements: readonly WrittenElement[]): void {
    for (const element of elements.toSorted((a, b) => a.tag - b.tag)) this.#writeElement(element);
  }

  #writeElement(element: WrittenElement): void {
    const { value } = element;
    if (value instanceof Uint8Array || "writeInto" in value) {
      this.#writeHeader(element, valueSize(element, this.#encoding));
      if (value instanceof Uint8Array) this.#write(value);
      else this.#writeFilled(value);
      if (value.length % 2 === 1) this.#write(Uint8Array.of(spacePaddedVrs.has(element.vr) ? 0x20 : 0));
    } else if ("fragments" in value) {
      this.#writeHeader(element, undefinedLength);
      for (const fragment of value.fragments) {
        this.#writeTag(itemTag);
        this.#writeUint32(fragment.length);
        this.#write(fragment);
      }
      this.#writeTag(sequenceEndTag);
      this.#writeUint32(0);
    } else {
      this.#writeHeader(element, valueSize(element, this.#encoding));
      for (const item of value) {
        this.#writeTag(itemTag);
        this.#writeUint32(datasetSize(item, this.#encoding));
        this.writeDataset(item);
      }
    }
  }

  #writeHeader(element: WrittenElement, length: number): void {
    this.#writeTag(element.tag);
    const vr = this.#encoding.explicit ? writtenVr(element, this.#encoding) : "";
    this.#write(new TextEncoder().encode(vr));
    if (vr !== "" && !longVrs.has(vr)) {
      this.#writeUint16(length);
      return;
    }
    if (vr !== "") this.#writeUint16(0);
    this.#writeUint32(length);
  }

  #writeTag(tag: number): void {
    this.#writeUint16(tag >>> 16);
    this.#writeUint16(tag & 0xffff);
  }

  #writeUint16(value: number): void {
    this.#view.setUint16(this.#position, value, this.#encoding.littleEndian);
    this.#position += 2;
  }

  #writeUint32(value: number): void {
    this.#view.setUint32(this.#position, value, this.#encoding.littleEndian);
    this.#position += 4;
  }

  #writeFilled({ length, writeInto }: FilledValue): void {
    writeInto(this.#bytes.subarray(this.#position, this.#position + length));
    this.#position += length;
  }

  #write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }
}
