/**
 * Where an archive is, as a user writes it, and which study or series of it is meant.
 *
 *   https://HOST[:PORT]/PATH               the address of the DICOMweb service (Orthanc: .../dicom-web)
 *   dicomweb://HOST[:PORT]/PATH            the same by https; by http where the host is this machine
 *   dicomweb+http://, dicomweb+https://    says which
 *   .../studies/UID[/series/UID]           behind any of them: that study, that series
 *
 * Secrets   a name and password in the address would stand in the shell's history, the list of processes and messages:
 *           they are refused.
 * Errors    `ERR_PACS_ADDRESS`, `ERR_PACS_UID`.
 */

import { MedsslError } from "@medssl/contract";

export interface PacsAddress {
  /** http or https, without a slash at the end. */
  readonly baseUrl: string;
  readonly studyUid?: string;
  readonly seriesUid?: string;
}

const SCHEME = /^(dicomweb|dicomweb\+https?|https?):\/\//i;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a source is an archive and no folder. */
export const isPacsAddress = (text: string): boolean => SCHEME.test(text);

/** Whether what is sent there stays on this machine. */
export const isLoopback = (url: string): boolean => LOOPBACK.test(new URL(url).hostname);

/** @throws {MedsslError} `ERR_PACS_ADDRESS`, `ERR_PACS_UID` */
export function parsePacsAddress(text: string): PacsAddress {
  const [scheme = "", word = ""] = SCHEME.exec(text) ?? [];
  // The address may hold a password, with whatever characters, or a token: neither must be repeated.
  const shown = text.replace(/\/\/.*@/, "//").replace(/[?#].*$/s, "");
  const rest = text.slice(scheme.length);
  const url = scheme === "" ? null : URL.parse(`http://${rest}`);
  if (url === null || url.hostname === "") {
    throw new MedsslError("ERR_PACS_ADDRESS", `expected the address of a DICOMweb service, got "${shown}"`, {
      hint: "Such as https://pacs.example.org/dicom-web, or dicomweb://localhost:8042/dicom-web/studies/UID.",
    });
  }
  // Behind a password with a slash, what is meant as the host is read as a path.
  if (rest.includes("@")) {
    throw new MedsslError("ERR_PACS_ADDRESS", `${shown}: expected no user and password in the address`, {
      hint:
        "Others on this machine could read them. Set MEDSSL_PACS_USER and MEDSSL_PACS_PASSWORD, or MEDSSL_PACS_TOKEN" +
        " or --pacs-token-file FILE for a bearer token.",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw new MedsslError("ERR_PACS_ADDRESS", `${shown}: expected an address without ? and #`, {
      hint: "What is searched for is given apart, such as --pacs-query ModalitiesInStudy=CT.",
    });
  }
  const kind = word.toLowerCase().replace("dicomweb+", "");
  const isPlain = kind === "http" || (kind === "dicomweb" && LOOPBACK.test(url.hostname));
  const secure = new URL(`${isPlain ? "http" : "https"}://${rest}`);
  const [, path = "", studyUid, seriesUid] =
    /^(.*?)(?:\/studies(?:\/([^/]+)(?:\/series(?:\/([^/]+))?)?)?)?\/*$/.exec(secure.pathname) ?? [];
  return {
    baseUrl: secure.origin + path.replace(/\/+$/, ""),
    ...(studyUid === undefined ? {} : { studyUid: checkedUid(studyUid) }),
    ...(seriesUid === undefined ? {} : { seriesUid: checkedUid(seriesUid) }),
  };
}

/** Digits and points: safe in an address and as the name of a file. */
export const isUid = (text: string): boolean => text.length <= 64 && /^\d+(\.\d+)*$/.test(text);

/** @throws {MedsslError} `ERR_PACS_UID` */
export function checkedUid(text: string): string {
  if (isUid(text)) return text;
  throw new MedsslError("ERR_PACS_UID", `expected a DICOM UID, got "${text.slice(0, 80)}"`, {
    hint: "UIDs are digits and points, at most 64, such as 1.2.840.113619.2.55.",
  });
}
