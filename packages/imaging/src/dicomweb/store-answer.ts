/**
 * What an archive answers to files that it was sent: for each, whether it is stored, and why not.
 *
 * Named       an instance is stored where the answer lists it as such; an answer without any list, to a request that
 *             succeeded, means all.
 * Duplicate   an archive that refuses what it has already has it: that happens when the answer to a first try was lost.
 * Source      PS3.18 section 10.5 and annex I, PS3.7 annex C, PS3.4 table B.2-1.
 */

import { type DicomJson, jsonItems, jsonNumber, jsonText } from "./dicom-json.ts";
import type { StoredInstance } from "./pacs-client.ts";

const DUPLICATE = 0x0111;

/** @param sent UIDs, in the order of the answer that is wanted. @param wasAccepted The status was 200 */
export function storedInstances(answer: DicomJson, sent: readonly string[], wasAccepted: boolean): StoredInstance[] {
  const failed = reasonsByUid(answer, "00081198", "00081197");
  const stored = reasonsByUid(answer, "00081199", "00081196");
  // Those that the archive could not even name.
  const [other] = jsonItems(answer, "0008119A").map((item) => jsonNumber(item, "00081197"));
  const saysNothing = failed.size + stored.size === 0 && other === undefined;
  return sent.map((instanceUid) => {
    const failure = failed.get(instanceUid);
    if (failure === DUPLICATE) return { instanceUid, isStored: true, reason: "it was there already" };
    if (failed.has(instanceUid)) return { instanceUid, isStored: false, reason: failureText(failure) };
    const warning = stored.get(instanceUid);
    if (stored.has(instanceUid)) {
      return { instanceUid, isStored: true, ...(warning === undefined ? {} : { reason: warningText(warning) }) };
    }
    if (saysNothing && wasAccepted) return { instanceUid, isStored: true };
    const reason = other === undefined ? "the archive's answer does not mention it" : failureText(other);
    return { instanceUid, isStored: false, reason };
  });
}

function reasonsByUid(answer: DicomJson, sequence: string, reason: string): Map<string, number | undefined> {
  const items = jsonItems(answer, sequence);
  return new Map(items.map((item) => [jsonText(item, "00081155") ?? "", jsonNumber(item, reason)]));
}

/** @param code (0008,1197) */
function failureText(code: number | undefined): string {
  if (code === undefined) return "refused without a reason";
  return `${meaningOf(code)} (${hex(code)})`;
}

function meaningOf(code: number): string {
  if (code >= 0xa700 && code <= 0xa7ff) return "out of resources: its disk may be full";
  if (code >= 0xa900 && code <= 0xa9ff) return "the data set does not fit its SOP class";
  if (code >= 0xc000) return "it cannot be understood";
  return FAILURES[code] ?? "refused";
}

const FAILURES: Readonly<Record<number, string>> = {
  261: "no such attribute",
  262: "an attribute has an invalid value",
  272: "the archive failed in processing it",
  274: "no such instance",
  279: "an invalid instance",
  290: "its SOP class is not supported",
  292: "not authorized",
  531: "out of resources: its disk may be full",
};

/** @param code (0008,1196) */
function warningText(code: number): string {
  const meaning = {
    45056: "it changed some values",
    45062: "it left some elements out",
    45063: "it does not fit its SOP class",
  }[code];
  return `${meaning ?? "with a warning"} (${hex(code)})`;
}

const hex = (code: number): string => `0x${code.toString(16).toUpperCase().padStart(4, "0")}`;
