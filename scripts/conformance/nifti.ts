/**
 * NIfTI against nibabel: the same sizes, values and places read from every kind of file, and nibabel reads what we wrote.
 *
 * Files    nibabel's own test files, and some 200 that nifti.py makes: every type, both byte orders and versions, scaling,
 *          straight, oblique and sheared orientations, one to seven axes, pairs.
 * Equal    values exactly (where ours are float32 and nibabel's float64: rounded); affines to 1e-6 of their size. Read
 *          back: type, values and affine exactly, the affine in the 32 bits of NIfTI-1.
 * Refused  the headers among nibabel's files whose images are not there, and complex and transparent voxels, which nibabel
 *          reads.
 * Left out lengths in metres and micrometres, and forms that are no orientation, where nifti-affine.ts differs from nibabel
 *          on purpose; its test has both.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { type NiftiFile, readNifti, type Samples, type Scan, writeNifti } from "@medssl/imaging";
import type { ConformanceResult } from "./run.ts";

interface Entry {
  readonly group: string;
  readonly path: string;
  /** Why nibabel does not read it. */
  readonly refused?: string;
  /** Where its values are, as float64. */
  readonly values?: string;
  readonly shape: readonly number[];
  readonly affine: readonly number[];
}

/** One volume that was written, for nifti.py to read. */
interface Written {
  readonly path: string;
  readonly values: string;
  readonly start: number;
  readonly count: number;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly affine: readonly number[];
}

const AFFINE_TOLERANCE = 1e-6;

const DTYPES: Readonly<Record<Samples[typeof Symbol.toStringTag], string>> = {
  Uint8Array: "u1",
  Int8Array: "i1",
  Uint16Array: "u2",
  Int16Array: "i2",
  Uint32Array: "u4",
  Int32Array: "i4",
  Float32Array: "f4",
  Float64Array: "f8",
};

/** What became of one file: undefined where all is equal. */
interface Outcome {
  readonly entry: Entry;
  readonly problem: string | undefined;
  readonly isRefused: boolean;
  readonly written: readonly Written[];
}

export async function run(): Promise<ConformanceResult> {
  const folder = mkdtempSync(join(tmpdir(), "medssl-conformance-"));
  try {
    python("make", folder);
    const entries: Entry[] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const outcomes: Outcome[] = [];
    for (const [i, entry] of entries.entries()) outcomes.push(await compare(entry, join(folder, `written-${i}`)));
    const written = outcomes.flatMap((outcome) => outcome.written);
    writeFileSync(join(folder, "written.json"), JSON.stringify(written));
    const readBack: boolean[] = JSON.parse(python("check", folder));
    return summary(outcomes, new Set(written.filter((_, i) => readBack[i])));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function python(command: string, folder: string): string {
  return execFileSync("python3", [join(import.meta.dirname, "nifti.py"), command, folder], { encoding: "utf8" });
}

async function compare(entry: Entry, target: string): Promise<Outcome> {
  const { values, refused } = entry;
  try {
    const file = await readNifti(entry.path);
    if (values === undefined) return { entry, problem: `nibabel: ${refused}`, isRefused: false, written: [] };
    const problem = difference(entry, file, values);
    return { entry, problem, isRefused: false, written: await writeVolumes(file, values, target) };
  } catch (error) {
    if (!(error instanceof MedsslError)) throw error;
    return { entry, problem: values && error.message, isRefused: true, written: [] };
  }
}

function difference({ shape, affine }: Entry, file: NiftiFile, values: string): string | undefined {
  const [width = 1, height = 1, depth = 1, ...more] = shape;
  const ours = [file.numVolumes, ...file.header.shape];
  const theirs = [more.reduce((product, size) => product * size, 1), depth, height, width];
  if (ours.join() !== theirs.join()) return `sizes ${ours}, nibabel ${theirs}`;
  const scan = file.volume(0);
  const apart = affine.map((value, i) => Math.abs(value - scan.affine![i]!) / Math.max(1, Math.abs(value)));
  if (!(Math.max(...apart) <= AFFINE_TOLERANCE)) return `affine ${scan.affine}, nibabel ${affine}`;
  const expected = float64s(values);
  for (let t = 0; t < file.numVolumes; t++) {
    const { data } = file.volume(t);
    const round = data instanceof Float32Array ? Math.fround : (value: number) => value;
    const i = data.findIndex((value, j) => !Object.is(value + 0, round(expected[t * data.length + j]!) + 0));
    if (i >= 0) return `volume ${t}, value ${i}: ${data[i]}, nibabel ${expected[t * data.length + i]}`;
  }
  return undefined;
}

function float64s(path: string): Float64Array {
  return new Float64Array(new Uint8Array(readFileSync(path)).buffer);
}

/** Every volume by itself; every other one compressed. */
async function writeVolumes(file: NiftiFile, values: string, target: string): Promise<Written[]> {
  const written: Written[] = [];
  for (let t = 0; t < file.numVolumes; t++) {
    const scan: Scan = file.volume(t);
    const path = `${target}-${t}.nii${t % 2 === 0 ? ".gz" : ""}`;
    await writeNifti(path, scan);
    const { shape, data, affine } = scan;
    const dtype = DTYPES[data[Symbol.toStringTag]];
    const place = { start: t * data.length, count: data.length };
    written.push({ path, values, ...place, shape: shape.toReversed(), dtype, affine: affine! });
  }
  return written;
}

/** One row a group of files, and a sentence for each file that is not as it should be. */
function summary(outcomes: readonly Outcome[], readBack: ReadonlySet<Written>): ConformanceResult {
  const rows = [...Map.groupBy(outcomes, ({ entry }) => entry.group)].map(([files, group]) => {
    const written = group.flatMap((outcome) => outcome.written);
    return {
      files,
      count: group.length,
      equal: group.filter(({ problem, isRefused }) => problem === undefined && !isRefused).length,
      "rightly refused": group.filter(({ problem, isRefused }) => problem === undefined && isRefused).length,
      "volumes written": written.length,
      "read back exactly": written.filter((one) => readBack.has(one)).length,
    };
  });
  const unlike = outcomes.filter(({ problem }) => problem !== undefined);
  const lost = outcomes.filter(({ written }) => written.some((one) => !readBack.has(one)));
  return {
    name: "nifti",
    rows,
    notes: ["Complex and transparent voxels, which nibabel reads, are refused on purpose."],
    exceptions: [
      ...unlike.map(({ entry, problem }) => `${basename(entry.path)}: ${problem}`),
      ...lost.map(({ entry }) => `${basename(entry.path)}: nibabel does not read back what was written`),
    ],
  };
}
