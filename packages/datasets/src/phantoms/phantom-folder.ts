/**
 * A folder of phantoms as `medssl ingest` reads it: `images/`, `masks/` (palette PNG of label indices) and `cases.csv`
 * with the columns image, mask and patient. X-rays have `landmarks.csv` too: image, landmark, x, y in pixels.
 *
 * Again    the same settings give the same bytes. `cases.csv` is written last: a folder that has it is whole, and is left
 *          as it is.
 * Errors   `ERR_PHANTOM_FOLDER`, `ERR_DISK_FULL`.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CountedWork, countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { readImage, writeLabelPng, writePng } from "@medssl/imaging";
import { Random } from "../random.ts";
import type { Landmark } from "./landmarks.ts";
import { generatePhantom, numPhantomViews, type PhantomTask } from "./phantom.ts";

export interface PhantomFolder {
  readonly dir: string;
  readonly task: PhantomTask;
  /** Number of patients. */
  readonly cases: number;
  readonly seed: number;
  /** Width and height of the pictures, in pixels. @default 256 */
  readonly size?: number;
}

export interface PhantomSummary {
  readonly patients: number;
  readonly images: number;
  /** False when the run was interrupted; the same call makes the folder anew. */
  readonly isComplete: boolean;
  readonly seconds: number;
}

const SIZE = 256;

interface PlannedImage {
  /** Names the picture's files. */
  readonly name: string;
  readonly patient: string;
  readonly seed: number;
  readonly view: number;
}

export async function writePhantoms(
  folder: PhantomFolder,
  listen: RunListener,
  signal?: AbortSignal,
): Promise<PhantomSummary> {
  const { dir, task, cases: patients } = folder;
  const began = performance.now();
  const plan = planImages(folder);
  const manifest = join(dir, "cases.csv");
  const rows = plan.map(({ name, patient }) => `images/${name}.png,masks/${name}.png,${patient}\n`);
  const content = `image,mask,patient\n${rows.join("")}`;
  if (existsSync(manifest) && readFileSync(manifest, "utf8") !== content) {
    throw new MedsslError("ERR_PHANTOM_FOLDER", `${dir}: holds another set of cases already`, {
      hint: "Give another folder with --out, or remove this one first.",
    });
  }
  if (existsSync(manifest) && (await isWhole(folder, plan))) {
    return { patients, images: plan.length, isComplete: true, seconds: 0 };
  }
  rmSync(manifest, { force: true });
  const work = countedWork(`phantom ${task}`, plan.length, listen);
  const landmarks: string[] = [];
  const images = await writeImages(folder, plan, landmarks, work, signal);
  const isComplete = work.end();
  if (isComplete) {
    if (hasLandmarks(folder)) writeFileSync(landmarksPath(dir), `image,landmark,x,y\n${landmarks.join("")}`);
    writeFileSync(manifest, content);
  }
  return { patients, images, isComplete, seconds: (performance.now() - began) / 1000 };
}

const hasLandmarks = ({ task }: PhantomFolder): boolean => task === "lungs";
const landmarksPath = (dir: string): string => join(dir, "landmarks.csv");

/** In pixels, of which the first one's middle is 0: what a viewer shows under the pointer. */
function landmarkRow(name: string, { name: landmark, x, y }: Landmark, size: number): string {
  return `images/${name}.png,${landmark},${(x * size - 0.5).toFixed(2)},${(y * size - 0.5).toFixed(2)}\n`;
}

/** Whether all files are there, the pictures at the size that is asked for. */
async function isWhole(folder: PhantomFolder, plan: readonly PlannedImage[]): Promise<boolean> {
  const { dir, size = SIZE } = folder;
  if (hasLandmarks(folder) && !existsSync(landmarksPath(dir))) return false;
  const files = plan.flatMap(({ name }) => ["images", "masks"].map((kind) => join(dir, kind, `${name}.png`)));
  return files.every((file) => existsSync(file)) && (await readImage(files[0]!)).width === size;
}

/** The patients' seeds follow from the folder's, and their names from both: two folders do not share a patient. */
function planImages({ task, cases, seed }: PhantomFolder): PlannedImage[] {
  return Array.from({ length: cases }, (_, i) => i).flatMap((number) => {
    const patientSeed = new Random(seed, number).uint32();
    const patient = `${task}-${seed}-${String(number).padStart(4, "0")}`;
    const views = numPhantomViews(task, patientSeed);
    return Array.from({ length: views }, (_, view) => ({
      name: views === 1 ? patient : `${patient}-${view + 1}`,
      patient,
      seed: patientSeed,
      view,
    }));
  });
}

/** Returns how many were written. @param landmarks Takes the rows of their table. */
async function writeImages(
  { dir, task, size = SIZE }: PhantomFolder,
  plan: readonly PlannedImage[],
  landmarks: string[],
  work: CountedWork,
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    for (const name of ["images", "masks"]) mkdirSync(join(dir, name), { recursive: true });
    let writing: Promise<unknown> = Promise.resolve();
    for (const [i, { name, seed, view }] of plan.entries()) {
      if (signal?.aborted) {
        await writing;
        return i;
      }
      const { image, mask, channels, landmarks: places } = generatePhantom(task, seed, { size, view });
      landmarks.push(...places.map((place) => landmarkRow(name, place, size)));
      // The picture before is compressed in another thread while this one is drawn.
      await writing;
      writing = Promise.all([
        writePng(join(dir, "images", `${name}.png`), { width: size, height: size, channels, data: image }),
        writeLabelPng(join(dir, "masks", `${name}.png`), { width: size, height: size, channels: 1, data: mask }),
      ]);
      work.advance();
    }
    await writing;
    return plan.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new MedsslError("ERR_DISK_FULL", `${dir}: the disk is full`, {
      hint: "Free some space and run the same command again.",
      cause: error,
    });
  }
}
