/**
 * Miniatures of the archives in the paper's Table 1, made of phantoms in the archives' own layouts on disk, of any size
 * from a few pictures to all 850,324: what an ingest is tried and measured on without the archives.
 *
 *     DIR/CheXpert-v1.0-small   DIR/mimic-cxr-jpg   DIR/DeepLesion   DIR/amos22   DIR/table1.json
 *
 * Again    the same settings give the same bytes. `table1.json` is written last: a folder that has it is whole and left as
 *          it is; until then `table1.partial.json` is there, and the same call goes on where it stopped.
 * Memory   a bank of films, a volume for each thread: flat with the number of pictures.
 * Errors   `ERR_PHANTOM_FOLDER`, `ERR_DISK_FULL`.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { WorkerPool } from "@medssl/imaging";
import { amosMiniature } from "./table1-amos22.ts";
import { chexpertMiniature } from "./table1-chexpert.ts";
import { deepLesionMiniature } from "./table1-deeplesion.ts";
import { FilmBank } from "./table1-films.ts";
import { mimicCxrMiniature } from "./table1-mimic-cxr.ts";
import { type Archive, numPictures, type PlanCounts } from "./table1-plan.ts";
import { Table } from "./table1-table.ts";
import type { WorkerJob } from "./table1-worker.ts";

export interface Table1Folder {
  readonly dir: string;
  /** Pictures for each one of the published archives, 0.0001 to 1. */
  readonly scale: number;
  readonly seed: number;
}

export interface MiniatureSummary extends PlanCounts {
  /** "CheXpert" */
  readonly name: string;
  /** Below the folder that was asked for. */
  readonly folder: string;
}

export interface Table1Summary {
  /** Those that are whole. */
  readonly archives: readonly MiniatureSummary[];
  readonly images: number;
  /** False when the run was interrupted; the same call goes on. */
  readonly isComplete: boolean;
  readonly seconds: number;
}

const archives: readonly Archive[] = [chexpertMiniature, mimicCxrMiniature, deepLesionMiniature, amosMiniature];

/** Films in the bank: enough variety, and not more than a minute's work. */
const [MIN_FILMS, MAX_FILMS, PICTURES_PER_FILM] = [8, 192, 64];
/** A volume takes longer than a picture: drawn and packed in ten seconds, on a slow machine in a minute. */
const TIME_LIMIT_MS = 900_000;

export async function writeTable1(
  folder: Table1Folder,
  listen: RunListener,
  signal?: AbortSignal,
): Promise<Table1Summary> {
  const began = performance.now();
  const dir = resolve(folder.dir);
  const known = claimFolder(dir, folder);
  if (known !== undefined) return { ...sum(known), isComplete: true, seconds: 0 };
  const { scale, seed } = folder;
  const counts = archives.map(({ published }) => Math.max(1, Math.round(scale * published)));
  const total = counts.reduce((all, count) => all + count, 0);
  const work = countedWork("phantom table1", total, listen);
  const pool = new WorkerPool<WorkerJob, null>({
    module: new URL("table1-worker.ts", import.meta.url),
    numWorkers: availableParallelism(),
    nameOf: (job) => (job.kind === "bank" ? `film ${job.base}` : job.dir),
    timeLimitMsOf: () => TIME_LIMIT_MS,
  });
  const made: MiniatureSummary[] = [];
  try {
    const bank = new FilmBank(Math.min(Math.max(Math.ceil(total / PICTURES_PER_FILM), MIN_FILMS), MAX_FILMS));
    const bases = Array.from({ length: bank.numFilms }, (_, base) => base);
    const draws = bases.map((base): WorkerJob => ({ kind: "bank", bank: bank.buffer, base, seed }));
    await runAll(pool, draws, signal);
    for (const [i, archive] of archives.entries()) {
      if (signal?.aborted) break;
      const job = { archive, root: join(dir, archive.folder), seed, images: counts[i]!, bank };
      const written = await writeArchive(job, pool, (count) => repeat(count, () => work.advance()), signal);
      if (written !== undefined) made.push({ name: archive.title, folder: archive.folder, ...written });
    }
  } finally {
    await pool.close();
  }
  const isComplete = work.end();
  if (isComplete) {
    const content = { ...settingsOf(folder), archives: made };
    writeFileSync(join(dir, PARTIAL), `${JSON.stringify(content, null, 2)}\n`);
    renameSync(join(dir, PARTIAL), join(dir, MARKER));
  }
  return { ...sum(made), isComplete, seconds: (performance.now() - began) / 1000 };
}

interface ArchiveJob {
  readonly archive: Archive;
  readonly root: string;
  readonly seed: number;
  readonly images: number;
  readonly bank: FilmBank;
}

/** Writes one archive; undefined when it was interrupted. */
async function writeArchive(
  { archive, root, seed, images, bank }: ArchiveJob,
  pool: WorkerPool<WorkerJob, null>,
  advance: (count: number) => void,
  signal: AbortSignal | undefined,
): Promise<PlanCounts | undefined> {
  mkdirSync(root, { recursive: true });
  const tables: Table[] = [];
  let counts: PlanCounts | undefined;
  const plan = archive.plan({
    seed,
    images,
    filmRange: (view) => bank.range(view),
    table(path, columns) {
      const table = new Table(join(root, path), columns);
      tables.push(table);
      return table;
    },
    file(path, content) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    },
  });
  function* jobs(): Generator<WorkerJob> {
    for (;;) {
      const { value, done } = plan.next();
      if (done) {
        counts = value;
        return;
      }
      yield { kind: "files", bank: bank.buffer, dir: root, job: value };
    }
  }
  const isDone = await runAll(pool, jobs(), signal, (job) => {
    if (job.kind === "files") advance(numPictures(job.job));
  });
  for (const table of tables) await table.close();
  return isDone ? counts : undefined;
}

/** Runs the jobs; false when interrupted. */
async function runAll(
  pool: WorkerPool<WorkerJob, null>,
  jobs: Iterable<WorkerJob>,
  signal: AbortSignal | undefined,
  done: (job: WorkerJob) => void = () => {},
): Promise<boolean> {
  for await (const { job, error } of pool.run(jobs, signal)) {
    if (error !== undefined) throw error;
    done(job);
  }
  return !signal?.aborted;
}

const MARKER = "table1.json";
const PARTIAL = "table1.partial.json";

const settingsOf = ({ scale, seed }: Table1Folder) => ({ version: 1, scale, seed });

/** Marks the folder as ours; the archives that it has already, where it is whole. */
function claimFolder(dir: string, folder: Table1Folder): MiniatureSummary[] | undefined {
  const settings = settingsOf(folder);
  mkdirSync(dir, { recursive: true });
  for (const name of [MARKER, PARTIAL]) {
    const path = join(dir, name);
    if (!existsSync(path)) continue;
    const { archives: made, ...others } = JSON.parse(readFileSync(path, "utf8"));
    if (JSON.stringify(others) !== JSON.stringify(settings)) {
      throw foreign(dir, `holds miniatures of scale ${others.scale} and seed ${others.seed} already`);
    }
    return name === MARKER ? made : undefined;
  }
  if (readdirSync(dir).length > 0) throw foreign(dir, "the folder holds other files");
  writeFileSync(join(dir, PARTIAL), `${JSON.stringify(settings, null, 2)}\n`);
  return undefined;
}

function foreign(dir: string, what: string): MedsslError {
  return new MedsslError("ERR_PHANTOM_FOLDER", `${dir}: ${what}`, {
    hint: "Give another folder with --out, or remove this one first.",
  });
}

function sum(made: readonly MiniatureSummary[]) {
  return { archives: made, images: made.reduce((all, { images }) => all + images, 0) };
}

function repeat(count: number, action: () => void): void {
  for (let i = 0; i < count; i++) action();
}
