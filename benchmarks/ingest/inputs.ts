/**
 * What the ingest benchmark reads: phantoms in the layouts of CheXpert, DeepLesion, a DICOM export and AMOS22, encoded by
 * Python's libraries, so that no file owes its form to our writers.
 *
 * Made    once, in `.bench/ingest/`; the same on every machine but for the encoders' versions.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatePhantom, TorsoScan } from "@medssl/datasets";
import { writeNpy } from "../npy.ts";
import { benchDir } from "../peers.ts";

export interface Input {
  /** What its row in the table is called. */
  readonly name: string;
  readonly folder: string;
  readonly recipe: "xray" | "ct";
}

const INPUTS = [
  { name: "320 px JPEG", folder: "jpeg/CheXpert-v1.0-small", recipe: "xray" },
  { name: "16-bit PNG", folder: "png16", recipe: "ct" },
  { name: "CT DICOM series", folder: "dicom", recipe: "ct" },
  { name: "CT DICOM series, JPEG 2000", folder: "dicom-jpeg2000", recipe: "ct" },
  { name: "CT NIfTI volumes, .nii.gz", folder: "nifti", recipe: "ct" },
] as const;

const [FILMS, FILM_SIZE, SCANS, SLICES, SLICE_SIZE] = [48, 480, 3, 100, 512];

/** @param python One that has numpy, Pillow, pydicom, pylibjpeg and nibabel. */
export function ingestInputs(python: string): Input[] {
  const root = join(benchDir, "ingest");
  if (!existsSync(join(root, "ready"))) {
    console.error(`Making the files to ingest in ${root}, once.`);
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    const films = Array.from({ length: FILMS }, (_, i) => generatePhantom("lungs", i, { size: FILM_SIZE }).image);
    writeNpy(join(root, "films.npy"), "|u1", [FILMS, FILM_SIZE, FILM_SIZE], films);
    writeNpy(join(root, "scans.npy"), "<i2", [SCANS, SLICES, SLICE_SIZE, SLICE_SIZE], scanSlices());
    execFileSync(python, [fileURLToPath(new URL("make-inputs.py", import.meta.url)), root], {
      stdio: ["ignore", 2, 2],
    });
    for (const name of ["films.npy", "scans.npy"]) rmSync(join(root, name));
    writeFileSync(join(root, "ready"), "");
  }
  return INPUTS.map((input) => ({ ...input, folder: join(root, input.folder) }));
}

/** Each scan from the pelvis to the neck. */
function scanSlices(): Int16Array[] {
  return Array.from({ length: SCANS }, (_, seed) => new TorsoScan(seed, SLICE_SIZE)).flatMap((scan) => {
    const [low, high] = scan.heights;
    return Array.from({ length: SLICES }, (_, i) => scan.slice(low + ((high - low) * i) / SLICES).density);
  });
}
