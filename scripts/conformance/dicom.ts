/**
 * The DICOM reader against pydicom and pylibjpeg: stored values, and the Hounsfield units of CTs.
 *
 * Files      pydicom's wheel, the pydicom-data package, ../shared/data/dicom-transfer-syntaxes where it is.
 * Equal      lossless syntaxes: every value, and every Hounsfield unit to the float32 that ours are kept in, but for padding,
 *            which is each reader's own affair. Lossy ones: no stored value differs by more than 2.
 * Left out   files that the reference does not decode.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { decodeStoredFrames, parseDicom, scanOfDicom, transferSyntaxes } from "@medssl/imaging";
import type { ConformanceResult } from "./run.ts";

interface RawArray {
  readonly file: string;
  /** Kind and bits: u16, i32, f64. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

interface Entry {
  readonly file: string;
  readonly syntax: string;
  /** Undefined where the reference does not decode it. */
  readonly stored?: RawArray;
  /** Hounsfield units, NaN for padding. */
  readonly hounsfield?: RawArray;
}

/** Files that may differ by more, and why. */
const known: Readonly<Record<string, string>> = {
  "examples_ybr_color.dcm": "4:2:2 chroma, interpolated as libjpeg-turbo does: equal to Pillow to the bit",
  "color3d_jpeg_baseline.dcm": "4:2:2 chroma, interpolated as libjpeg-turbo does: equal to Pillow to the bit",
};

const lossySyntaxes = new Set(["50", "51", "53", "55", "81", "91", "203"].map((end) => `1.2.840.10008.1.2.4.${end}`));
const lossyTolerance = 2;
const sharedFolder = join(import.meta.dirname, "../../../shared/data/dicom-transfer-syntaxes");

export async function run(): Promise<ConformanceResult> {
  const folder = mkdtempSync(join(tmpdir(), "medssl-conformance-"));
  try {
    decodeWithPython(folder);
    const entries: Entry[] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const outcomes: Outcome[] = [];
    for (const entry of entries.filter(({ stored }) => stored)) outcomes.push(await compare(entry, folder));
    return summary(outcomes, entries);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function decodeWithPython(folder: string): void {
  const script = join(import.meta.dirname, "dicom.py");
  const { status, stderr, error } = spawnSync("python3", [script, folder, sharedFolder], { encoding: "utf8" });
  if (status === 0) return;
  const reason = (error?.message ?? stderr).trim().split("\n").at(-1);
  throw new MedsslError("ERR_CONFORMANCE_PYTHON", `scripts/conformance/dicom.py: ${reason}`, {
    hint: "Its header names the Python packages that it needs, and how to install them.",
  });
}

interface Outcome {
  readonly entry: Entry;
  /** Undefined where all is equal. */
  readonly problem: string | undefined;
}

async function compare(entry: Entry, folder: string): Promise<Outcome> {
  try {
    return { entry, problem: (await storedProblem(entry, folder)) ?? (await hounsfieldProblem(entry, folder)) };
  } catch (error) {
    if (!(error instanceof MedsslError)) throw error;
    return { entry, problem: error.message };
  }
}

async function storedProblem({ file, stored, syntax }: Entry, folder: string): Promise<string | undefined> {
  const { format, data } = await decodeStoredFrames(parseDicom(readFileSync(file), basename(file)));
  const { numFrames, rows, columns, samplesPerPixel } = format;
  const ours = [
    ...(numFrames > 1 ? [numFrames] : []),
    rows,
    columns,
    ...(samplesPerPixel > 1 ? [samplesPerPixel] : []),
  ];
  if (ours.join() !== stored!.shape.join()) return `sizes ${ours}, pydicom ${stored!.shape}`;
  return difference(data, readArray(folder, stored!), lossySyntaxes.has(syntax) ? lossyTolerance : 0);
}

async function hounsfieldProblem({ file, hounsfield, syntax }: Entry, folder: string): Promise<string | undefined> {
  if (!hounsfield || lossySyntaxes.has(syntax)) return undefined;
  const { meaning, data } = await scanOfDicom(parseDicom(readFileSync(file), basename(file)));
  if (meaning !== "hounsfield") return `${meaning} values, pydicom Hounsfield units`;
  const expected = Float32Array.from(readArray(folder, hounsfield));
  const problem = difference(data, expected, 0);
  return problem && `Hounsfield units: ${problem}`;
}

/** NaN in `expected` goes with everything. */
function difference(ours: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): string | undefined {
  let [count, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(ours[i]! - expected[i]!);
    if (apart > tolerance) count++;
    if (apart > largest) largest = apart;
  }
  return count === 0 ? undefined : `${count} of ${expected.length} values differ, by up to ${largest}`;
}

const arrayTypes = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
};

function readArray(folder: string, { file, dtype }: RawArray): ArrayLike<number> & Iterable<number> {
  const bytes = Uint8Array.from(readFileSync(join(folder, file)));
  return new arrayTypes[dtype as keyof typeof arrayTypes](bytes.buffer);
}

/** One row a transfer syntax. */
function summary(outcomes: readonly Outcome[], entries: readonly Entry[]): ConformanceResult {
  const groups = Map.groupBy(outcomes, ({ entry }) => entry.syntax);
  const rows = [...groups.keys()].sort().map((syntax) => {
    const group = groups.get(syntax)!;
    const units = group.filter(({ entry }) => entry.hounsfield && !lossySyntaxes.has(syntax));
    return {
      syntax: transferSyntaxes.get(syntax)?.name ?? syntax,
      files: group.length,
      equal: group.filter(({ problem }) => problem === undefined).length,
      "in Hounsfield units too": units.filter(({ problem }) => problem === undefined).length,
    };
  });
  const unlike = outcomes.flatMap(({ entry, problem }) =>
    problem === undefined ? [] : [{ name: basename(entry.file), problem }],
  );
  const undecoded = entries.filter(({ stored }) => !stored).map(({ file }) => basename(file));
  return {
    name: "dicom",
    rows,
    exceptions: unlike.filter(({ name }) => !known[name]).map(({ name, problem }) => `${name}: ${problem}`),
    notes: [
      `${outcomes.length - unlike.length} of ${outcomes.length} files are equal.`,
      ...unlike
        .filter(({ name }) => known[name])
        .map(({ name, problem }) => `Known: ${name}: ${problem} (${known[name]}).`),
      `Not decoded by pydicom: ${undecoded.join(", ")}.`,
    ],
  };
}
