/**
 * What a picture archive (PACS) can be asked for, whichever protocol it speaks.
 *
 * Bytes    instances are whole DICOM files, in the transfer syntax that the archive has them in.
 * Errors   `ERR_PACS_*`: they name the address without secrets, what was tried and how often, and what to do.
 * Stop     every call takes a signal; an aborted one rejects with the signal's reason.
 */

import type { DicomJson } from "./dicom-json.ts";

export interface PacsClient {
  /** Where the archive is, without secrets: for messages. */
  readonly address: string;

  /** Studies that match all filters, such as `{ ModalitiesInStudy: "DX", StudyDate: "20240101-20241231" }`. */
  findStudies(filters: PacsFilters, options?: FindOptions): AsyncGenerator<FoundStudy>;

  /** The series of a study. */
  findSeries(studyUid: string, filters?: PacsFilters, options?: FindOptions): AsyncGenerator<FoundSeries>;

  /**
   * The instances of a series, each handed on as it comes. What a broken transfer did not bring is fetched again, and
   * nothing else.
   */
  retrieveSeries(series: SeriesAddress, options?: RetrieveOptions): AsyncGenerator<RetrievedInstance>;

  /** Sends DICOM files to the archive. One answer for each, in their order: a file that is refused is no error. */
  store(files: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options?: StopOptions): Promise<StoredInstance[]>;
}

/** Values by the attribute's keyword or tag, with DICOM's wildcards, ranges (`20240101-`) and lists. */
export type PacsFilters = Readonly<Record<string, string>>;

export interface StopOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface FindOptions extends StopOptions {
  /** Attributes that are wanted beside the usual ones: keywords or tags. */
  readonly includeFields?: readonly string[];
  /** At most so many. @default all */
  readonly limit?: number;
}

export interface FoundStudy {
  readonly studyUid: string;
  /** CT, DX, SEG, ...; empty where the archive does not say. */
  readonly modalities: readonly string[];
  /** All that was answered. */
  readonly attributes: DicomJson;
}

export interface SeriesAddress {
  readonly studyUid: string;
  readonly seriesUid: string;
}

export interface FoundSeries extends SeriesAddress {
  readonly modality: string | undefined;
  readonly attributes: DicomJson;
}

export interface RetrieveOptions extends StopOptions {
  /** UIDs of instances that are here already. */
  readonly known?: ReadonlySet<string>;
  /** Told of an instance that could not be had, while the others go on. @default the first one is thrown */
  readonly onMissing?: (instanceUid: string, error: Error) => void;
}

export interface RetrievedInstance {
  readonly instanceUid: string;
  /** The file. */
  readonly bytes: Uint8Array;
}

export interface StoredInstance {
  readonly instanceUid: string;
  readonly isStored: boolean;
  /** Why it was not stored, or what the archive remarked when it was. */
  readonly reason?: string;
}
