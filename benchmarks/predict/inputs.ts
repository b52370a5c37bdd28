/**
 * What the prediction benchmark segments, and the models: phantom films and a phantom scan, and networks of the usual size that
 * have learned from such for a few steps. How good their masks are does not matter here.
 *
 * Made    once, in `.bench/predict/`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatePhantom, TorsoScan } from "@medssl/datasets";
import { type Affine, type Scan, writeNifti } from "@medssl/imaging";
import { writeNpy } from "../npy.ts";
import { benchDir } from "../peers.ts";

export interface PredictInputs {
  /** DICOM DX, 2048x2048, 12 bits, not compressed. */
  readonly films: readonly string[];
  /** PNG, 1024x1024, 8 bits. */
  readonly pictures: readonly string[];
  /** CT of 512x512x120, .nii.gz. */
  readonly scan: string;
  readonly models: Readonly<Record<"xray" | "ct", Model>>;
}

export interface Model {
  /** Folder of the fine-tuning run. */
  readonly run: string;
  /** The same, exported as ONNX. */
  readonly exported: string;
}

const [FILMS, FILM_SIZE, SLICES, SLICE_SIZE] = [8, 1024, 120, 512];
/** RAS, as many published NIfTI files are. */
const AFFINE: Affine = [0.8, 0, 0, -204.4, 0, 0.8, 0, -204.4, 0, 0, 3, 0, 0, 0, 0, 1];

/** @param python One that has numpy, Pillow and pydicom. */
export async function predictInputs(python: string): Promise<PredictInputs> {
  const root = join(benchDir, "predict");
  if (!existsSync(join(root, "ready"))) {
    console.error(`Making files and models in ${root}, once.`);
    rmSync(root, { recursive: true, force: true });
    for (const folder of ["images", "masks"]) mkdirSync(join(root, "ct", folder), { recursive: true });
    const films = Array.from({ length: FILMS }, (_, i) => generatePhantom("lungs", i, { size: FILM_SIZE }).image);
    writeNpy(join(root, "films.npy"), "|u1", [FILMS, FILM_SIZE, FILM_SIZE], films);
    execFileSync(python, [fileURLToPath(new URL("make-inputs.py", import.meta.url)), root], {
      stdio: ["ignore", 2, 2],
    });
    await writeScans(root);
    train(root);
    writeFileSync(join(root, "ready"), "");
  }
  const each = (name: (i: number) => string) => Array.from({ length: FILMS }, (_, i) => join(root, name(i + 1)));
  const model = (name: string): Model => ({ run: join(root, `${name}-run`), exported: join(root, `${name}-model`) });
  return {
    films: each((i) => `film-${i}.dcm`),
    pictures: each((i) => `picture-${i}.png`),
    scan: join(root, "ct", "images", "scan-1.nii.gz"),
    models: { xray: model("xray"), ct: model("ct") },
  };
}

/** Two torsos, and where in them the soft parts are. */
async function writeScans(root: string): Promise<void> {
  for (const seed of [1, 2]) {
    const torso = new TorsoScan(seed, SLICE_SIZE);
    const [low, high] = torso.heights;
    const size = SLICE_SIZE ** 2;
    const data = new Int16Array(SLICES * size);
    for (let z = 0; z < SLICES; z++) {
      // Rows of RAS run from back to front, and columns from left to right.
      data.set(torso.slice(low + ((high - low) * z) / SLICES).density.toReversed(), z * size);
    }
    const mask = Uint8Array.from(data, (hu) => Number(hu > 60 && hu < 200));
    const scan = { shape: [SLICES, SLICE_SIZE, SLICE_SIZE], channels: 1, meaning: "relative", affine: AFFINE } as const;
    const write = (folder: string, values: Scan["data"]) =>
      writeNifti(join(root, "ct", folder, `scan-${seed}.nii.gz`), { ...scan, data: values });
    await write("images", data);
    await write("masks", mask);
  }
}

function train(root: string): void {
  const main = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
  const medssl = (...args: readonly string[]) =>
    execFileSync(process.execPath, [main, ...args], { cwd: root, stdio: ["ignore", "ignore", 2] });
  medssl("phantom", "--task", "lungs", "--cases", "16", "--size", "320", "--out", "lungs");
  medssl("ingest", "lungs", "--store", "xray-store", "--labels", "lungs", "--modality", "xray");
  medssl("ingest", "ct", "--store", "ct-store", "--labels", "soft", "--modality", "ct");
  medssl("finetune", "--store", "xray-store", "--out", "xray-run", "--encoder", "none", "--set", "steps=20");
  const tiles = ["--set", "inference.mode=tiles"];
  medssl("finetune", "--store", "ct-store", "--out", "ct-run", "--encoder", "none", "--set", "steps=5", ...tiles);
  for (const name of ["xray", "ct"]) medssl("export", "--model", `${name}-run`, "--out", `${name}-model`);
}
