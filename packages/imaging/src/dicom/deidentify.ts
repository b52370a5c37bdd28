/**
 * A copy of a DICOM file without what names its patient: the basic profile of DICOM PS3.15, annex E.
 *
 * Attributes   by `deidentify-profile.ts`, at every depth; private ones, overlays and curves go altogether.
 * Text         that the profile keeps but that holds the patient's name, ID, birth date or accession number goes as well.
 * Identity     UIDs become others, the same for the same in every file (`deidentify-pseudonyms.ts`), so that references
 *              still match; PatientID and PatientName become a pseudonym; the file's meta information is written anew.
 * Pixels       as they are, in their transfer syntax. A deflated file is written inflated, as explicit little endian.
 * Dates        removed; or moved by the same number of days for all files of a patient, the profile's option to retain
 *              longitudinal information with modified dates.
 * Not done     the profile's other options: cleaning pixels, faces, graphics, structured content and descriptors;
 *              retaining UIDs, devices, institutions, patient characteristics and safe private attributes. A structured
 *              report loses its content, an encapsulated document its pages.
 * Errors       those of `parseDicom`, and `ERR_DICOM_IDENTITY` where the file is no instance of a series.
 * Source       PS3.15 2026c, annex E.
 */

import { MedsslError } from "@medssl/contract";
import { type DicomDataset, parseDicom } from "./dataset.ts";
import { burnedInRisk } from "./deidentify-burned-in.ts";
import { deidentifyElements } from "./deidentify-elements.ts";
import { Pseudonyms } from "./deidentify-pseudonyms.ts";
import { explicitLittleEndian, transferSyntaxes } from "./transfer-syntaxes.ts";
import { writeDicomFile } from "./write-elements.ts";

export interface DeidentifyOptions {
  /** Secret, 32 random bytes: without it nobody can tell whose pseudonym is whose. */
  readonly salt: Uint8Array;
  readonly dates: "removed" | "shifted";
}

export interface DeidentifiedFile {
  readonly bytes: Uint8Array;
  /** The pseudonym. */
  readonly patient: string;
  /** New UIDs. */
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  /** Why the pixels may still name the patient, in words; undefined where nothing speaks for it. */
  readonly burnedInRisk: string | undefined;
}

/**
 * Makes the copy.
 *
 * @param bytes A DICOM file; not changed.
 * @param name For messages: the file's.
 * @throws {MedsslError} `ERR_DICOM_FORMAT`, `ERR_DICOM_SYNTAX`, `ERR_DICOM_CORRUPT`, `ERR_DICOM_IDENTITY`.
 */
export function deidentifyDicom(bytes: Uint8Array, name: string, options: DeidentifyOptions): DeidentifiedFile {
  const dataset = parseDicom(bytes, name);
  const pseudonyms = new Pseudonyms(options.salt);
  const [sopClass, instance, series, study] = ["00080016", "00080018", "0020000E", "0020000D"].map(
    (tag) => dataset.string(tag) ?? refuse(name, tag),
  ) as [string, string, string, string];
  const key = patientKey(dataset, study);
  const patient = pseudonyms.patient(key);
  const syntax = transferSyntaxes.get(dataset.transferSyntax)!;
  const elements = deidentifyElements(dataset, {
    pseudonyms,
    patient,
    littleEndian: syntax.littleEndian,
    shiftDays: options.dates === "shifted" ? pseudonyms.shiftDays(key) : undefined,
  });
  const meta = {
    sopClass,
    sopInstance: pseudonyms.uid(instance),
    transferSyntax: syntax.deflated ? explicitLittleEndian : syntax.uid,
  };
  return {
    bytes: writeDicomFile(meta, elements, syntax),
    patient,
    study: pseudonyms.uid(study),
    series: pseudonyms.uid(series),
    instance: meta.sopInstance,
    burnedInRisk: burnedInRisk(dataset),
  };
}

/** What tells the patient from others: the ID; without one, name and birth date; without either, the study. */
function patientKey(dataset: DicomDataset, study: string): string {
  const id = dataset.string("00100020");
  if (id !== undefined) return id;
  const person = dataset.string("00100010");
  return person === undefined ? `study ${study}` : `person ${person} ${dataset.string("00100030") ?? ""}`;
}

function refuse(name: string, tag: string): never {
  throw new MedsslError("ERR_DICOM_IDENTITY", `${name}: expected an instance of a series, got no UID in ${tag}`, {
    hint: "Directories (DICOMDIR) and parts of images cannot be copied; make a new directory from the copies.",
  });
}
