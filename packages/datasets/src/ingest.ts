/**
 * Folders of images into a store: read, checked, resized, written; again and again with the same result.
 *
 * Again        a content that the store has (SHA-256 of image and mask) is not read twice: the second run of a command
 *              stores nothing, an interrupted one goes on, new and changed files are added.
 * Quarantine   a file that cannot be used is listed with the reason, in the catalog too, and does not stop the rest.
 * Counts       found = stored + unchanged + quarantined, unless the ingest was interrupted.
 * Errors       `ERR_SOURCE_EMPTY`, `ERR_DISK_FULL`, and those of listing folders and opening the store.
 */

import { realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { decodeMask, readImageBytes } from "@medssl/imaging";
import type { QuarantinedFile } from "./catalog.ts";
import { type FolderListing, type ImageFile, listFolder } from "./folder-layout.ts";
import { inOrder } from "./in-order.ts";
import { addUp, type IngestSummary, listingNotes, SourceTally } from "./ingest-summary.ts";
import { type LabelRule, ruleFromVotes, voteOnMask } from "./label-rule.ts";
import { assignPatients } from "./patients.ts";
import { type CaseFiles, type PreparedCase, prepareCase, readCaseFiles } from "./prepare-case.ts";
import type { StoreRecipe } from "./store.ts";
import { StoreWriter } from "./store-writer.ts";

export interface IngestOptions extends Partial<Omit<StoreRecipe, "dtype">> {
  /** Folder of the store; made when missing. */
  readonly store: string;
  /** @default told from the masks' values at the first ingest that has masks */
  readonly labels?: LabelRule;
  /** End of a mask file's name before the extension, such as `_mask`. @default the usual ones */
  readonly maskSuffix?: string;
  /** Its first group, searched in the path below the source, is the patient. @default the source's last, or patients.ts */
  readonly patientPattern?: RegExp;
}

/** What a new store gets where nothing else is asked for. */
export const DEFAULT_RECIPE: StoreRecipe = {
  width: 192,
  height: 192,
  channel: "luma",
  fit: "squash",
  dtype: "uint8",
};

/** An image of a source, with all that its name says. */
interface Job {
  readonly source: SourceTally;
  readonly file: ImageFile;
  readonly id: string;
  readonly patient: string;
}

type Outcome =
  | { readonly kind: "prepared"; readonly files: CaseFiles; readonly prepared: PreparedCase }
  | { readonly kind: "known"; readonly files: CaseFiles }
  | { readonly kind: "quarantined"; readonly error: MedsslError };

export async function ingest(
  sources: readonly string[],
  options: IngestOptions,
  listen: RunListener,
  signal?: AbortSignal,
): Promise<IngestSummary> {
  const began = performance.now();
  const listingOfPath = listSources(sources, options.maskSuffix);
  const listings = [...listingOfPath.values()];
  const { store, labels, maskSuffix: _, patientPattern, ...recipe } = options;
  const writer = new StoreWriter(resolve(store), recipe, DEFAULT_RECIPE);
  try {
    for (const message of listingNotes(listings)) listen({ type: "note", level: "warning", message });
    const rule = await agreeOnLabels(writer, labels, listings, listen, signal);
    const jobs = [...listingOfPath].flatMap(([path, listing]) => jobsOf(path, listing, writer, patientPattern));
    const result = await storeAll(jobs, writer, rule, listen, signal);
    const info = writer.finish();
    const tallies = [...new Set(jobs.map(({ source }) => source))];
    return {
      ...addUp(tallies),
      ...result,
      seconds: (performance.now() - began) / 1000,
      labels: info?.labels ?? [],
      sources: tallies.map((tally) => tally.summarize()),
      masksWithoutImage: listings.flatMap(({ masksWithoutImage }) => masksWithoutImage),
    };
  } catch (error) {
    throw isDiskFull(error) ? diskFull(store, error) : error;
  } finally {
    writer.close();
  }
}

function listSources(sources: readonly string[], maskSuffix: string | undefined): Map<string, FolderListing> {
  const listings = new Map<string, FolderListing>();
  for (const source of sources) {
    const listing = listFolder(source, maskSuffix);
    if (listing.images.length === 0) {
      const masks = listing.masksWithoutImage.length;
      throw new MedsslError(
        "ERR_SOURCE_EMPTY",
        `${source}: found no images${masks > 0 ? `, only ${masks} files named as masks` : ""}`,
        { hint: "Expected PNG or JPEG files in this folder or below it; masks in a folder masks/ beside the images." },
      );
    }
    listings.set(realpathSync(source), listing);
  }
  return listings;
}

/** The store's rule; at its first masks, the one asked for or the one that these masks speak for. */
async function agreeOnLabels(
  writer: StoreWriter,
  wanted: LabelRule | undefined,
  listings: readonly FolderListing[],
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<LabelRule | undefined> {
  const masks = listings.flatMap(({ images }) => images.flatMap((image) => image.masks));
  if (wanted !== undefined) writer.labelRule = wanted;
  else if (writer.labelRule === undefined && masks.length > 0) {
    listen({ type: "note", level: "info", message: `reading the values of ${masks.length} masks` });
    const votes = [];
    const vote = async (mask: string) => voteOnMask(await decodeMask(await readImageBytes(mask), mask));
    // A mask that cannot be read has no vote; it is quarantined when its turn comes.
    for await (const one of inOrder(masks, concurrency, (mask) => vote(mask).catch(asQuarantine))) {
      if (signal?.aborted) return undefined;
      if (one.kind !== "quarantined") votes.push(one);
    }
    const told = ruleFromVotes(votes);
    // Masks that are all empty or unreadable say nothing: the next ingest may.
    if (votes.every(({ kind }) => kind === "none")) return told;
    writer.labelRule = told;
  }
  return writer.labelRule;
}

function jobsOf(path: string, { images }: FolderListing, writer: StoreWriter, pattern: RegExp | undefined): Job[] {
  const name = writer.beginSource(path, sourceNames(path));
  const { patients, description } = assignPatients(images, writer.patientPattern(name, pattern));
  const source = new SourceTally(name, path, description, images.length);
  return images.map((file, i) => {
    const id = `${name}/${file.id}`;
    return { source, file, id, patient: patients[i] ?? id };
  });
}

/** `images`, `mine-images`, `mine-images-2`, ... for /data/mine/images. */
function* sourceNames(path: string): Generator<string> {
  yield basename(path);
  const long = `${basename(dirname(path))}-${basename(path)}`;
  yield long;
  for (let i = 2; ; i++) yield `${long}-${i}`;
}

async function storeAll(
  jobs: readonly Job[],
  writer: StoreWriter,
  rule: LabelRule | undefined,
  listen: RunListener,
  signal: AbortSignal | undefined,
): Promise<Pick<IngestSummary, "isComplete" | "quarantine" | "duplicates">> {
  const quarantine: QuarantinedFile[] = [];
  let duplicates = 0;
  let thresholded = 0;
  let done = 0;
  const attempt = (job: Job) => processJob(job, writer, rule).catch(asQuarantine);
  const work = countedWork("ingest", jobs.length, listen);
  for await (const ahead of inOrder(jobs, concurrency, attempt)) {
    if (signal?.aborted) break;
    const job = jobs[done++]!;
    const { source, file } = job;
    // What was read ahead was compared with the store of that moment.
    const settled = ahead.kind === "quarantined" ? ahead.error : settle(job, ahead.files, writer);
    const outcome = settled === "store" && ahead.kind === "known" ? await attempt(job) : ahead;
    const failure =
      settled instanceof MedsslError ? settled : outcome.kind === "quarantined" ? outcome.error : undefined;
    if (failure !== undefined) {
      const { code, message: reason } = failure;
      quarantine.push({ file: file.image, source: source.name, code, reason });
      writer.quarantine(quarantine.at(-1)!);
      source.quarantined += 1;
    } else {
      if (settled === "store" && outcome.kind === "prepared") {
        const { isThresholded, ...prepared } = outcome.prepared;
        writer.add({ id: job.id, patient: job.patient, source: source.name, file: file.image, ...prepared });
        thresholded += Number(isThresholded);
        source.stored += 1;
      } else {
        if (settled === "unchanged") writer.keep(job.id, job.patient);
        duplicates += Number(settled === "duplicate");
        source.unchanged += 1;
      }
      source.masks += file.masks.length;
      source.patients.add(job.patient);
    }
    work.advance(quarantine.length > 0 ? { quarantined: quarantine.length } : {});
  }
  const note = (message: string) => listen({ type: "note", level: "warning", message });
  if (thresholded > 0) note(`${thresholded} masks had soft edges; they were cut at 128 of 255`);
  if (duplicates > 0) note(`${duplicates} files hold a picture that is in the store already; each is stored once`);
  return { isComplete: work.end(), quarantine, duplicates };
}

/** Reads a job's files; decodes them unless the store knows their content. */
async function processJob(job: Job, writer: StoreWriter, rule: LabelRule | undefined): Promise<Outcome> {
  const files = await readCaseFiles(job.file);
  if (settle(job, files, writer) !== "store") return { kind: "known", files };
  return { kind: "prepared", files, prepared: await prepareCase(job.file.image, files, writer.recipe, rule) };
}

/** What is to be done with a content: asked before decoding, to save the work, and again when its turn comes. */
function settle(job: Job, { imageHash, maskHash }: CaseFiles, writer: StoreWriter) {
  const known = writer.findContent(imageHash);
  if (known === undefined) return "store";
  if (maskHash === undefined || maskHash === known.maskHash) return known.id === job.id ? "unchanged" : "duplicate";
  if (known.maskHash === undefined || known.id === job.id) return "store";
  return new MedsslError(
    "ERR_MASK_CONFLICT",
    `${job.file.image}: the same picture is in the store as ${known.id}, with another mask`,
    { hint: "Keep one of the two: the same image on both sides of a split is a leak." },
  );
}

function asQuarantine(error: unknown): { kind: "quarantined"; error: MedsslError } {
  if (error instanceof MedsslError) return { kind: "quarantined", error };
  throw error;
}

/** Enough to keep the decoder's threads at work while files are being read. */
const concurrency = Math.min(availableParallelism() + 1, 8);

function isDiskFull(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === "ENOSPC" || errcode === 13;
}

function diskFull(store: string, cause: unknown): MedsslError {
  return new MedsslError("ERR_DISK_FULL", `${store}: the disk is full`, {
    hint: "Free some space and run the same command again: it goes on where it stopped.",
    cause,
  });
}
