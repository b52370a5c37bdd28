/**
 * The sound files that are damaged: our own fixtures, and the real files beside the repository where they are.
 */
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface Seed {
  readonly format: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

const root = join(import.meta.dirname, "../..");
const imaging = join(root, "packages/imaging/src");
const shared = join(root, "../shared/data");

/** Larger ones only slow the decoders down: what can break in a file is in its first parts. */
const MAX_BYTES = 600_000;
const REAL_FILES_A_FORMAT = 6;

const FORMATS: readonly (readonly [RegExp, string])[] = [
  [/\.dcm$/i, "DICOM"],
  [/\.nii$/, "NIfTI"],
  [/\.nii\.gz$/, "NIfTI gz"],
  [/\.png$/, "PNG"],
  [/\.jpg$/, "JPEG"],
  [/\.tif$/, "TIFF"],
  [/\.(gif|bmp|webp|p.m|p.m\.gz)$/, "others"],
];

export function fixtureSeeds(): Seed[] {
  const files = globSync([join(imaging, "fixtures/*"), join(imaging, "dicom/fixtures/*.dcm")]);
  return [...seedsOf(files), ...niftiSeeds()];
}

/** Undefined where the folder is missing. */
export function realSeeds(): Seed[] | undefined {
  if (!existsSync(shared)) return undefined;
  const counts = new Map<string, number>();
  return seedsOf(globSync(join(shared, "**/*.{dcm,gz,png,jpg,tif}"))).filter(({ format }) => {
    const count = (counts.get(format) ?? 0) + 1;
    counts.set(format, count);
    return format === "DICOM" || count <= REAL_FILES_A_FORMAT;
  });
}

function seedsOf(files: readonly string[]): Seed[] {
  return files.toSorted().flatMap((file) => {
    const format = FORMATS.find(([ending]) => ending.test(file))?.[1];
    if (format === undefined || statSync(file).size > MAX_BYTES) return [];
    return [{ format, name: basename(file), bytes: new Uint8Array(readFileSync(file)) }];
  });
}

/** They are kept in one file, compressed. */
function niftiSeeds(): Seed[] {
  const kept: Record<string, { gzip: string }> = JSON.parse(
    readFileSync(join(imaging, "nifti/fixtures/expected.json"), "utf8"),
  );
  return Object.entries(kept).flatMap(([name, { gzip }]) => {
    const compressed = new Uint8Array(Buffer.from(gzip, "base64"));
    return [
      { format: "NIfTI gz", name: `${name}.nii.gz`, bytes: compressed },
      { format: "NIfTI", name: `${name}.nii`, bytes: new Uint8Array(gunzipSync(compressed)) },
    ];
  });
}
