/**
 * Damaged files through the reader pool: what has to hold whatever is in a file.
 *
 * Rules    the process lives, and no worker dies; every file is answered in time; every failure is a `MedsslError`; a file
 *          that was cut is refused, or gives the very pixels of the whole one where only padding was cut; a picture has
 *          the size that its header claims; memory stays bounded.
 * Chance   seeded: the same count, seed and files give the same mutants.
 */
import { availableParallelism } from "node:os";
import { MedsslError } from "@medssl/contract";
import { Random } from "@medssl/datasets";
import { WorkerPool } from "@medssl/imaging";
import { claimedSize } from "./claimed-size.ts";
import { isCut, type Mutant, mutate } from "./mutations.ts";
import type { ReadJob, ReadResult } from "./read-worker.ts";
import type { Seed } from "./seeds.ts";

const TIME_LIMIT_MS = 20_000;
export const MAX_RSS_BYTES = 2 ** 31;

export interface FuzzReport {
  /** How often each outcome came, by format: "read", or the code of an error. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly violations: readonly Violation[];
  readonly maxRssBytes: number;
  readonly slowestMs: number;
}

export interface Violation {
  readonly mutant: Mutant;
  readonly what: string;
}

export async function fuzz(seeds: readonly Seed[], count: number, seed: number): Promise<FuzzReport> {
  const pool = new WorkerPool<ReadJob, ReadResult>({
    module: new URL("./read-worker.ts", import.meta.url),
    numWorkers: Math.min(availableParallelism(), 4),
    nameOf: ({ name }) => name,
    timeLimitMsOf: () => TIME_LIMIT_MS,
  });
  try {
    const whole = await readWhole(pool, seeds);
    const mutants = makeMutants([...whole.keys()], count, seed);
    const counts: Record<string, Record<string, number>> = {};
    const violations: Violation[] = [];
    let maxRssBytes = 0;
    let slowestMs = 0;
    let last = performance.now();
    const jobs = mutants.map(({ seed: { name }, bytes }, number): ReadJob => ({ number, name, bytes }));
    for await (const { job, result, error } of pool.run(jobs)) {
      const mutant = mutants[job.number]!;
      const { format } = mutant.seed;
      const outcome = result ? "read" : error instanceof MedsslError ? error.code : "BUG";
      counts[format] = { ...counts[format], [outcome]: (counts[format]?.[outcome] ?? 0) + 1 };
      const what = brokenRule(mutant, result ?? error, whole.get(mutant.seed)!);
      if (what !== undefined) violations.push({ mutant, what });
      maxRssBytes = Math.max(maxRssBytes, process.memoryUsage.rss());
      slowestMs = Math.max(slowestMs, performance.now() - last);
      last = performance.now();
    }
    return { counts, violations, maxRssBytes, slowestMs };
  } finally {
    await pool.close();
  }
}

/** What the sound files hold; those that are no picture (fixtures of refusals) are left out. */
async function readWhole(
  pool: WorkerPool<ReadJob, ReadResult>,
  seeds: readonly Seed[],
): Promise<Map<Seed, ReadResult>> {
  const whole = new Map<Seed, ReadResult>();
  const jobs = seeds.map(({ name, bytes }, number): ReadJob => ({ number, name, bytes }));
  for await (const { job, result } of pool.run(jobs)) if (result) whole.set(seeds[job.number]!, result);
  return whole;
}

/** As many of each format. */
function makeMutants(seeds: readonly Seed[], count: number, seed: number): Mutant[] {
  const formats = [...new Set(seeds.map(({ format }) => format))];
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const ofFormat = seeds.filter(({ format }) => format === formats[i % formats.length]);
    return mutate(ofFormat[random.integer(ofFormat.length)]!, random, ofFormat);
  });
}

/**
 * The rule that an outcome breaks, in words; undefined where all is well.
 *
 * @param whole What the sound file holds.
 */
export function brokenRule(mutant: Mutant, outcome: ReadResult | Error, whole: ReadResult): string | undefined {
  return outcome instanceof Error ? wrongError(outcome) : wrongPicture(mutant, outcome, whole);
}

function wrongError(error: Error): string | undefined {
  if (!(error instanceof MedsslError)) return `a bug: ${error.stack}`;
  return ["ERR_TIME_LIMIT", "ERR_WORKER_DIED"].includes(error.code) ? error.message : undefined;
}

function wrongPicture(
  mutant: Mutant,
  { shape, channels, numValues, hash }: ReadResult,
  whole: ReadResult,
): string | undefined {
  const { format, name } = mutant.seed;
  const [depth, height, width] = shape as [number, number, number];
  if (depth * height * width * channels !== numValues) return `${numValues} values of shape ${shape} x ${channels}`;
  // The last digit of a text is the only thing whose loss cannot be told.
  if (isCut(mutant) && hash !== whole.hash && !name.includes("-text.")) return "cut, and read as if it were whole";
  const claimed = claimedSize(format, mutant.bytes);
  const isClaimed =
    claimed === undefined || (claimed[1] === height && claimed[2] === width && (claimed[0] || depth) === depth);
  return isClaimed ? undefined : `shape ${shape}, but the header says ${claimed}`;
}
