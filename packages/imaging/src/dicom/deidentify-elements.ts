/**
 * The elements of a data set after the profile, and what the profile wants said about it.
 *
 * Trust   a file's own VR is believed only as far as it agrees with the standard's: a sequence under the name of a number
 *         would pass unseen, so it goes. So does what stands in another byte order than its file.
 * Source  PS3.15 E.1.1, E.3; codes of the method: PS3.16 CID 7050.
 */

import type { DicomDataset } from "./dataset.ts";
import { type Action, actionOf, vrOfAttribute } from "./deidentify-profile.ts";
import { type Pseudonyms, shiftDate } from "./deidentify-pseudonyms.ts";
import { textElement, type WrittenElement, type WrittenValue } from "./write-elements.ts";

export interface ElementRules {
  readonly pseudonyms: Pseudonyms;
  /** The pseudonym of the file's patient. */
  readonly patient: string;
  /** Byte order of the file that is written. */
  readonly littleEndian: boolean;
  /** Days by which dates move; undefined where they are removed. */
  readonly shiftDays: number | undefined;
}

/** The whole data set as it is to be written, without meta information. */
export function deidentifyElements(dataset: DicomDataset, rules: ElementRules): WrittenElement[] {
  const statements = [
    textElement(0x00100010, "PN", rules.patient),
    textElement(0x00100020, "LO", rules.patient),
    textElement(0x00120062, "CS", "YES"),
    textElement(0x00120063, "LO", "DICOM PS3.15 2026c annex E, basic profile, by medssl"),
    { tag: 0x00120064, vr: "SQ", value: methodCodes(rules) },
    textElement(0x00280303, "CS", rules.shiftDays === undefined ? "REMOVED" : "MODIFIED"),
  ];
  const stated = new Set(statements.map(({ tag }) => tag));
  const treated = new DatasetTreatment(rules, identityPattern(dataset)).dataset(dataset);
  return [...treated.filter(({ tag }) => !stated.has(tag)), ...statements];
}

function methodCodes({ shiftDays }: ElementRules): WrittenElement[][] {
  const basic = codeItem("113100", "DCM", "Basic Application Confidentiality Profile");
  if (shiftDays === undefined) return [basic];
  const meaning = "Retain Longitudinal Temporal Information Modified Dates Option";
  return [basic, codeItem("113107", "DCM", meaning)];
}

class DatasetTreatment {
  readonly #rules: ElementRules;
  readonly #identity: RegExp | undefined;

  constructor(rules: ElementRules, identity: RegExp | undefined) {
    this.#rules = rules;
    this.#identity = identity;
  }

  dataset(dataset: DicomDataset): WrittenElement[] {
    return dataset.tags().flatMap((tag) => {
      const vr = writtenVr(dataset, tag);
      const value = vr && this.#value(dataset, tag, vr);
      return vr && value ? [{ tag: Number.parseInt(tag, 16), vr, value }] : [];
    });
  }

  /** The value to write; undefined where the element is not written. */
  #value(dataset: DicomDataset, tag: string, vr: string): WrittenValue | undefined {
    if (tag === "00100020") return this.#patientIds(dataset.strings(tag));
    const moved = this.#movedDates(dataset, tag, vr);
    if (moved) return moved;
    switch (this.#actionOf(dataset, tag, vr)) {
      case "remove":
        return undefined;
      case "empty":
        return vr === "SQ" ? [] : new Uint8Array();
      case "dummy":
        return vr === "SQ" ? [dummyItems[tag] ?? []] : this.#dummy(dataset, tag, vr);
      case "map":
        return ascii(this.#mappedUids(dataset, tag));
      case "enter":
        return dataset.items(tag).map((item) => this.dataset(item));
      case "keep":
        return keptValue(dataset, tag);
    }
  }

  #actionOf(dataset: DicomDataset, tag: string, vr: string): Action {
    const action = actionOf(tag);
    if (action !== "keep") return action;
    if (dataset.isLittleEndian(tag) !== this.#rules.littleEndian) return "remove";
    if (vr === "UI") return dataset.strings(tag).every((uid) => /^[\d.]*$/.test(uid)) ? "keep" : "map";
    if (!this.#identity || !(textVrs.has(vr) || textVrs.has(vrOfAttribute(tag)!))) return "keep";
    return this.#identity.test(dataset.strings(tag).join("\\")) ? "remove" : "keep";
  }

  #patientIds(ids: readonly string[]): Uint8Array {
    return ascii(ids.map((id) => id && this.#rules.pseudonyms.patient(id)).join("\\"));
  }

  #mappedUids(dataset: DicomDataset, tag: string): string {
    return dataset
      .strings(tag)
      .map((uid) => this.#rules.pseudonyms.uid(uid))
      .join("\\");
  }

  /** Dates and times where they are to be kept in moved form and can be. */
  #movedDates(dataset: DicomDataset, tag: string, vr: string): WrittenValue | undefined {
    const { shiftDays } = this.#rules;
    if (shiftDays === undefined || birthTags.has(tag) || !dateVrs.has(vr)) return undefined;
    const texts = dataset.strings(tag);
    if (vr === "TM") return texts.every((time) => /^[\d:.]*$/.test(time)) ? ascii(texts.join("\\")) : undefined;
    const moved = texts.map((text) => (text === "" ? "" : shiftDate(text, shiftDays)));
    return moved.every((text) => text !== undefined) ? ascii(moved.join("\\")) : undefined;
  }

  #dummy(dataset: DicomDataset, tag: string, vr: string): Uint8Array {
    if (vr === "UI") return ascii(this.#mappedUids(dataset, tag));
    const text = dummyTexts[vr];
    return text === undefined ? new Uint8Array(dummyBytes[vr] ?? 2) : ascii(text);
  }
}

/** The file's VR, or the standard's where the file has none; undefined for what is not written. */
function writtenVr(dataset: DicomDataset, tag: string): string | undefined {
  const standard = vrOfAttribute(tag);
  const own = dataset.vr(tag)!;
  if (standard === undefined || standard === "SQ") return standard;
  if (dataset.fragments(tag)) return tag === "7FE00010" ? "OB" : undefined;
  if (own === "SQ") return undefined;
  return ownVrs.has(own) ? own : standard;
}

function keptValue(dataset: DicomDataset, tag: string): WrittenValue {
  const fragments = dataset.fragments(tag);
  return fragments ? { fragments } : dataset.bytes(tag)!;
}

/** Words of the names and numbers of the people that the header names: whole words, of 4 letters or more. */
function identityPattern(dataset: DicomDataset): RegExp | undefined {
  const words = new Set(
    identityTags.flatMap((tag) => dataset.strings(tag)).flatMap((text) => [text, ...text.split(/[\^=\s]+/)]),
  );
  const escaped = [...words].filter((word) => word.length >= 4).map((word) => RegExp.escape(word));
  if (escaped.length === 0) return undefined;
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?![\\p{L}\\p{N}])`, "iu");
}

const identityTags = [
  ...["00100010", "00100020", "00100030", "00101000", "00101001", "00101005", "00101060", "00080050"],
  ...["00080090", "00081048", "00081050", "00081060", "00081070"],
];
const birthTags = new Set(["00100030", "00100032"]);
const textVrs = new Set(["AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"]);
const dateVrs = new Set(["DA", "DT", "TM"]);

const dummyTexts: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...textVrs, "CS", "PN"].map((vr) => [vr, "REMOVED"])),
  AS: "000Y",
  DA: "19000101",
  DT: "19000101000000",
  TM: "000000",
  DS: "0",
  IS: "0",
};
/** Zeros. */
const dummyBytes: Readonly<Record<string, number>> = {
  ...{ OB: 2, OD: 8, OF: 4, OL: 4, OV: 8, OW: 2 },
  ...{ AT: 4, FD: 8, FL: 4, SL: 4, SS: 2, SV: 8, UL: 4, US: 2, UV: 8 },
};
/** Those that a file may name in place of the standard's; `UN` and letters of no meaning are not among them. */
const ownVrs = new Set([...Object.keys(dummyTexts), ...Object.keys(dummyBytes), "UI"]);

/** What stands in for the one item of the sequences that must not be empty. */
const dummyItems: Readonly<Record<string, readonly WrittenElement[]>> = {
  // Verifying Observer
  "0040A073": [
    textElement(0x0040a027, "LO", "REMOVED"),
    textElement(0x0040a030, "DT", dummyTexts["DT"]!),
    textElement(0x0040a075, "PN", "REMOVED"),
    { tag: 0x0040a088, vr: "SQ", value: [] },
  ],
  // Content: one line of text
  "0040A730": [
    textElement(0x0040a010, "CS", "CONTAINS"),
    textElement(0x0040a040, "CS", "TEXT"),
    { tag: 0x0040a043, vr: "SQ", value: [codeItem("121106", "DCM", "Comment")] },
    textElement(0x0040a160, "UT", "REMOVED"),
  ],
  // Person Identification Code
  "00401101": codeItem("REMOVED", "99MEDSSL", "REMOVED"),
};

function codeItem(value: string, scheme: string, meaning: string): WrittenElement[] {
  return [
    textElement(0x00080100, "SH", value),
    textElement(0x00080102, "SH", scheme),
    textElement(0x00080104, "LO", meaning),
  ];
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
