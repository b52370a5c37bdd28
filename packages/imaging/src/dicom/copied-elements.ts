/**
 * Elements of one data set written into another, which is explicit little endian.
 *
 * VR        the standard's, whatever the source called it.
 * Values    that break the rules of their VR are left out, but for those that identify.
 * Items     of sequences go with all their public attributes.
 * Source    PS3.5 6.2.
 */

import type { DicomDataset } from "./dataset.ts";
import { vrOfAttribute } from "./deidentify-profile.ts";
import type { WrittenElement } from "./write-elements.ts";

export interface CopyRules {
  /** Text is decoded and written in UTF-8; else its bytes stay. */
  readonly toUtf8: boolean;
  /** Written whatever their values are. */
  readonly identifying: ReadonlySet<string>;
  /** Written empty where there is no value, or none that may stand (type 2). */
  readonly needed: ReadonlySet<string>;
}

/** @param tags Those to copy. */
export function copiedElements(dataset: DicomDataset, tags: Iterable<string>, rules: CopyRules): WrittenElement[] {
  return [...tags].flatMap((tag): WrittenElement[] => {
    const vr = vrOfAttribute(tag);
    if (vr === undefined) return [];
    const element = { tag: Number.parseInt(tag, 16), vr };
    if (vr === "SQ") {
      const items = dataset.items(tag).map((item) => copiedElements(item, publicTags(item, rules), rules));
      return items.length > 0 ? [{ ...element, value: items }] : [];
    }
    const value = copiedValue(dataset, tag, vr, rules);
    if (value && value.length > 0) return [{ ...element, value }];
    return rules.needed.has(tag) ? [{ ...element, value: new Uint8Array() }] : [];
  });
}

/** Those of an item; the character set is the file's where text is written anew. */
function publicTags(item: DicomDataset, { toUtf8 }: CopyRules): string[] {
  return item.tags().filter((tag) => Number.parseInt(tag.slice(0, 4), 16) % 2 === 0 && !(toUtf8 && tag === "00080005"));
}

function copiedValue(
  dataset: DicomDataset,
  tag: string,
  vr: string,
  { toUtf8, identifying }: CopyRules,
): Uint8Array | undefined {
  const bytes = dataset.bytes(tag);
  if (!(vr in valid) || bytes === undefined) return dataset.isLittleEndian(tag) ? bytes : undefined;
  const texts = dataset.strings(tag);
  if (!identifying.has(tag) && !texts.every((text) => text === "" || valid[vr]!.test(text))) return undefined;
  if (toUtf8 || !textVrs.has(vr)) return new TextEncoder().encode(texts.join("\\"));
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0 && byte !== 0x20) + 1);
}

/** VRs of text in the data set's character set. */
const textVrs = new Set(["LO", "LT", "PN", "SH", "ST", "UC", "UT"]);

/** What a value of each VR looks like. */
const valid: Readonly<Record<string, RegExp>> = {
  AE: /^[ -[\]-~]{1,16}$/,
  AS: /^\d{3}[DWMY]$/,
  CS: /^[A-Z\d _]{1,16}$/,
  DA: /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/,
  DS: /^(?=.{1,16}$)[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/,
  DT: /^\d{4}(\d\d){0,5}(\.\d{1,6})?([+-]\d{4})?$/,
  IS: /^[+-]?\d{1,11}$/,
  LO: /^[^\p{Cc}\\]{1,64}$/u,
  LT: /^[^\0]{1,10240}$/u,
  PN: /^(?=.{1,194}$)[^\p{Cc}\\=]{0,64}(=[^\p{Cc}\\=]{0,64}){0,2}$/u,
  SH: /^[^\p{Cc}\\]{1,16}$/u,
  ST: /^[^\0]{1,1024}$/u,
  TM: /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/,
  UC: /^[^\p{Cc}\\]+$/u,
  UI: /^(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/,
  UR: /^\S+$/,
  UT: /^[^\0]+$/u,
};
