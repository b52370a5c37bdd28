/**
 * A picture archive (PACS) as a source: its studies are copied into a folder, which is then ingested like any other.
 *
 * Copies    are the originals, with the patients' names. They lie in the store's `private/pacs`, which stays at home, unless
 *           another place is given; only the user may read them.
 * Again     what was fetched is not fetched again; an interrupted copy goes on.
 * Taken     series with images, and segmentations where masks are wanted.
 * Broken    what the archive cannot give is listed; the other instances and studies go on.
 * Errors    `ERR_PACS_*`; `ERR_PACS_NOTHING` where no study matches.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { countedWork, MedsslError, type RunListener } from "@medssl/contract";
import { fetchStudy, hasImages, type PacsClient, type PacsFilters } from "@medssl/imaging";

export interface PacsSource {
  readonly client: PacsClient;
  /** @default all studies that match the filters */
  readonly studyUid?: string | undefined;
  /** @default all series that match the filters */
  readonly seriesUid?: string | undefined;
}

export interface FetchSourceOptions {
  /** Where the folder of this archive's copies is made. */
  readonly downloads: string;
  /** What studies and series must be, by keyword. */
  readonly filters?: PacsFilters;
  /** Leaves segmentations out. @default false */
  readonly skipsMasks?: boolean;
  readonly listen: RunListener;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedSource {
  readonly address: string;
  /** To be ingested. */
  readonly folder: string;
  readonly studies: number;
  /** Files of these studies that are in the folder. */
  readonly files: number;
  /** Of them, those that this run has brought. */
  readonly fetched: number;
  /** Series that hold nothing to learn from or do not match, by modality. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Instances and studies that could not be had, by UID. */
  readonly failures: readonly { readonly uid: string; readonly reason: string }[];
  /** False when it was interrupted. */
  readonly isComplete: boolean;
}

/** Where the copies of a store lie. */
export const downloadsOf = (store: string): string => join(store, "private", "pacs");

/** Keywords that a series is searched by; all others are a study's. */
const SERIES_KEYWORDS = new Set(
  "Modality SeriesInstanceUID SeriesNumber SeriesDescription BodyPartExamined ProtocolName StationName Manufacturer".split(
    " ",
  ),
);
/** What one study may fail with while the archive as a whole still answers. */
const ONE_STUDYS = ["ERR_PACS_NOT_FOUND", "ERR_PACS_ANSWER", "ERR_PACS_UID"];

/** @throws {MedsslError} `ERR_PACS_*` */
export async function fetchSource(source: PacsSource, options: FetchSourceOptions): Promise<FetchedSource> {
  const { client, studyUid: onlyStudy, seriesUid: onlySeries } = source;
  const { filters = {}, skipsMasks = false, listen, signal } = options;
  // The folder's name is the source's in the catalog, where the archive's own name would say whose patients they are.
  const id = createHash("sha256").update(client.address).digest("hex").slice(0, 8);
  const folder = join(options.downloads, `pacs-${id}`);
  const ofSeries = Object.entries(filters).filter(([keyword]) => SERIES_KEYWORDS.has(keyword));
  const ofStudy = Object.entries(filters).filter(([keyword]) => !SERIES_KEYWORDS.has(keyword));
  const leftOut: Record<string, number> = {};
  const failures: { uid: string; reason: string }[] = [];
  let [studies, files, fetched] = [0, 0, 0];
  const result = (isComplete: boolean) =>
    ({ address: client.address, folder, studies, files, fetched, leftOut, failures, isComplete }) as const;
  try {
    const wanted =
      onlyStudy === undefined ? await studiesThat(client, Object.fromEntries(ofStudy), signal) : [onlyStudy];
    const work = countedWork(
      `fetch ${wanted.length === 1 ? "one study" : `${wanted.length} studies`}`,
      wanted.length,
      listen,
      "studies",
    );
    try {
      for (const studyUid of wanted) {
        try {
          const matching = await seriesThat(client, studyUid, Object.fromEntries(ofSeries), signal);
          const study = await fetchStudy(
            client,
            { studyUid, ...(onlySeries === undefined ? {} : { seriesUids: [onlySeries] }) },
            folder,
            {
              wants: (series) =>
                (hasImages(series) || (!skipsMasks && series.modality === "SEG")) &&
                (matching?.has(series.seriesUid) ?? true),
              onFile: () => (fetched += 1),
              signal,
            },
          );
          files += study.files.length;
          for (const { modality = "of no modality" } of study.leftOut) leftOut[modality] = (leftOut[modality] ?? 0) + 1;
          failures.push(...study.failures.map(({ instanceUid, reason }) => ({ uid: instanceUid, reason })));
        } catch (error) {
          if (onlyStudy !== undefined || !(error instanceof MedsslError) || !ONE_STUDYS.includes(error.code))
            throw error;
          failures.push({ uid: studyUid, reason: error.message });
        }
        studies += 1;
        work.advance({ files: fetched });
      }
    } finally {
      work.end();
    }
  } catch (error) {
    if (signal?.aborted) return result(false);
    throw error;
  }
  return result(true);
}

async function studiesThat(
  client: PacsClient,
  filters: PacsFilters,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const studies: string[] = [];
  for await (const { studyUid } of client.findStudies(filters, { signal })) studies.push(studyUid);
  if (studies.length > 0) return studies;
  throw new MedsslError("ERR_PACS_NOTHING", `${client.address}: no study matches`, {
    hint: "Values are compared exactly, with * and ? as wildcards; dates are YYYYMMDD, YYYYMMDD-YYYYMMDD or YYYYMMDD-.",
  });
}

/** Undefined for all. */
async function seriesThat(
  client: PacsClient,
  studyUid: string,
  filters: PacsFilters,
  signal: AbortSignal | undefined,
): Promise<Set<string> | undefined> {
  if (Object.keys(filters).length === 0) return undefined;
  const found = await Array.fromAsync(client.findSeries(studyUid, filters, { signal }));
  return new Set(found.map(({ seriesUid }) => seriesUid));
}
