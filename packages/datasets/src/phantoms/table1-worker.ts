/**
 * The thread that draws: one job of a plan into its files, or one film of the bank.
 *
 * Whole    a file has its name once all of it is on disk; one that is there is not drawn again.
 * Errors   `ERR_DISK_FULL`.
 */

import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { encodeJpeg, encodePng, serveJobs, writeNifti } from "@medssl/imaging";
import { FilmBank, takeFilm } from "./table1-films.ts";
import type { FilmJob, SeriesJob, Table1Job, VolumeJob } from "./table1-plan.ts";
import { drawVolume } from "./table1-volume.ts";
import { TorsoScan } from "./torso-scan.ts";

/** What the pool sends: the bank is shared memory. */
export type WorkerJob =
  | { readonly kind: "bank"; readonly bank: SharedArrayBuffer; readonly base: number; readonly seed: number }
  | { readonly kind: "files"; readonly bank: SharedArrayBuffer; readonly dir: string; readonly job: Table1Job };

async function handle(work: WorkerJob): Promise<null> {
  const bank = new FilmBank(work.bank);
  if (work.kind === "bank") bank.fill(work.base, work.seed);
  else if (work.job.kind === "films") await writeFilms(work.dir, work.job, bank);
  else if (work.job.kind === "series") await writeSeries(work.dir, work.job);
  else await writeVolume(work.dir, work.job);
  return null;
}

async function writeFilms(dir: string, { films, quality }: FilmJob, bank: FilmBank): Promise<void> {
  for (const film of films) {
    const path = join(dir, film.path);
    if (!existsSync(path)) await writePicture(path, await encodeJpeg(takeFilm(bank, film), quality), film.isTruncated);
  }
}

async function writeSeries(dir: string, { seed, size, slices }: SeriesJob): Promise<void> {
  const missing = slices.filter(({ path }) => !existsSync(join(dir, path)));
  if (missing.length === 0) return;
  const scan = new TorsoScan(seed, size);
  for (const { path, z, isTruncated } of missing) {
    const data = Uint16Array.from(scan.slice(z).density, (density) => density + 32768);
    await writePicture(join(dir, path), await encodePng({ width: size, height: size, channels: 1, data }), isTruncated);
  }
}

async function writeVolume(dir: string, job: VolumeJob): Promise<void> {
  const image = join(dir, job.imagePath);
  // The labels are written first: with the image, all of the case is there.
  if (existsSync(image)) return;
  const drawn = drawVolume(job);
  if (job.labelPath !== undefined) {
    await writeWhole(join(dir, job.labelPath), (path) => writeNifti(path, drawn.labels));
  }
  await writeWhole(image, (path) => writeNifti(path, drawn.image));
}

function writePicture(path: string, bytes: Uint8Array, isTruncated: boolean): Promise<void> {
  const content = isTruncated ? bytes.subarray(0, Math.floor(0.6 * bytes.length)) : bytes;
  return writeWhole(path, (partial) => writeFile(partial, content));
}

/** Writes under a hidden name of the same ending, then renames. */
async function writeWhole(path: string, write: (path: string) => Promise<void>): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(partial);
    await rename(partial, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
    throw new MedsslError("ERR_DISK_FULL", `${path}: the disk is full`, {
      hint: "Free some space and run the same command again: it goes on where it stopped.",
      cause,
    });
  }
}

serveJobs(handle);
