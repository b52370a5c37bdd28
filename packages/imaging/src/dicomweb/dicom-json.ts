/**
 * DICOM data sets as JSON, the way DICOMweb answers: asked by tag, nothing taken for granted.
 *
 * Source   PS3.18 annex F.
 */

/** By tag, eight hex digits in capitals: "0020000D". */
export type DicomJson = Readonly<Record<string, DicomJsonElement | undefined>>;

export interface DicomJsonElement {
  readonly vr?: string;
  readonly Value?: readonly unknown[];
}

/** All values as text; of names the alphabetic form. Sequences have none. */
export function jsonTexts(dataset: DicomJson, tag: string): string[] {
  return valuesOf(dataset, tag).flatMap((value) => {
    if (typeof value === "string") return [value.replace(/[\0\s]+$/, "")];
    if (typeof value === "number") return [String(value)];
    if (isRecord(value) && typeof value["Alphabetic"] === "string") return [value["Alphabetic"]];
    return [];
  });
}

/** The first value as text; undefined where it is missing or empty. */
export function jsonText(dataset: DicomJson, tag: string): string | undefined {
  return jsonTexts(dataset, tag)[0] || undefined;
}

/** The first value as a number; archives write some of them as text. */
export function jsonNumber(dataset: DicomJson, tag: string): number | undefined {
  const number = Number(jsonText(dataset, tag) ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

/** The items of a sequence. */
export function jsonItems(dataset: DicomJson, tag: string): DicomJson[] {
  return valuesOf(dataset, tag).filter(isRecord) as DicomJson[];
}

/** What an answer holds: a list of data sets, a single one, or nothing. Undefined for anything else. */
export function jsonDatasets(answer: unknown): DicomJson[] | undefined {
  if (answer === undefined || answer === null) return [];
  const list = Array.isArray(answer) ? answer : [answer];
  return list.every(isRecord) ? (list as DicomJson[]) : undefined;
}

function valuesOf(dataset: DicomJson, tag: string): readonly unknown[] {
  const values = dataset[tag]?.Value;
  return Array.isArray(values) ? values : [];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
