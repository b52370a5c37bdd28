/**
 * A client of DICOMweb: QIDO-RS finds, WADO-RS fetches, STOW-RS stores.
 *
 * Memory    when fetching, an instance and what the archive has sent behind it, up to `maxWaitingBytes`; when storing,
 *           `REQUEST_BYTES` or one instance.
 * Transfer  a series comes in one answer; what that did not bring is asked for one by one. So is the rest of a series that comes
 *           faster than it is taken.
 * Pages     are asked for until one brings nothing new, since archives cap them as they like, and some know no pages.
 * Errors    `ERR_PACS_*` (pacs-failure.ts).
 * Source    PS3.18 sections 8.6, 10.4, 10.5, 10.6.
 */

import { MedsslError } from "@medssl/contract";
import { joinBytes } from "../dicom/bytes.ts";
import { type DicomDataset, parseDicom } from "../dicom/dataset.ts";
import { type DicomJson, jsonDatasets, jsonText, jsonTexts } from "./dicom-json.ts";
import { multipartParts } from "./multipart.ts";
import { checkedUid } from "./pacs-address.ts";
import type {
  FindOptions,
  FoundSeries,
  FoundStudy,
  PacsClient,
  PacsFilters,
  RetrievedInstance,
  RetrieveOptions,
  SeriesAddress,
  StopOptions,
  StoredInstance,
} from "./pacs-client.ts";
import { type PacsAnswer, PacsConnection, type PacsConnectionOptions } from "./pacs-connection.ts";
import { PacsFailure, statusFailure } from "./pacs-failure.ts";
import { storedInstances } from "./store-answer.ts";

const PAGE = 200;
const REQUEST_BYTES = 32 * 2 ** 20;
const JSON_TYPE = "application/dicom+json";
/** As it lies in the archive: recoding would cost time and may lose something. */
const INSTANCES_TYPE = 'multipart/related; type="application/dicom"; transfer-syntax=*';
/** Instances in a row for which the archive falls silent or breaks off, after which it is taken for broken itself. */
const MAX_IN_A_ROW = 3;
const SILENT = ["ERR_PACS_TIMEOUT", "ERR_PACS_BROKEN_OFF"];
const HOPELESS = ["ERR_PACS_UNREACHABLE", "ERR_PACS_AUTH", "ERR_PACS_TLS", "ERR_PACS_BUSY"];

export class DicomwebClient implements PacsClient {
  readonly address: string;
  readonly #connection: PacsConnection;

  /** @param baseUrl Of the service, http or https, as `parsePacsAddress` gives it. */
  constructor(baseUrl: string, options: PacsConnectionOptions = {}) {
    this.address = baseUrl;
    this.#connection = new PacsConnection(baseUrl, options);
  }

  async *findStudies(filters: PacsFilters, options: FindOptions = {}): AsyncGenerator<FoundStudy> {
    for await (const attributes of this.#find("/studies", "0020000D", filters, options)) {
      const studyUid = jsonText(attributes, "0020000D")!;
      yield { studyUid, modalities: jsonTexts(attributes, "00080061"), attributes };
    }
  }

  async *findSeries(
    studyUid: string,
    filters: PacsFilters = {},
    options: FindOptions = {},
  ): AsyncGenerator<FoundSeries> {
    const path = `/studies/${checkedUid(studyUid)}/series`;
    for await (const attributes of this.#find(path, "0020000E", filters, options)) {
      const seriesUid = jsonText(attributes, "0020000E")!;
      yield { studyUid, seriesUid, modality: jsonText(attributes, "00080060")?.toUpperCase(), attributes };
    }
  }

  /** What the archive says of each instance of a series. */
  async *findInstances(
    series: SeriesAddress,
    filters: PacsFilters = {},
    options: FindOptions = {},
  ): AsyncGenerator<DicomJson> {
    yield* this.#find(`${pathOf(series)}/instances`, "00080018", filters, options);
  }

  /** The headers of a series' instances, without bulk data such as pixels. */
  async metadata(series: SeriesAddress, { signal }: StopOptions = {}): Promise<DicomJson[]> {
    const headers = { accept: JSON_TYPE };
    return await this.#connection.ask({ path: `${pathOf(series)}/metadata`, headers, signal }, readDatasets);
  }

  async *retrieveSeries(series: SeriesAddress, options: RetrieveOptions = {}): AsyncGenerator<RetrievedInstance> {
    const { known = new Set(), onMissing, signal } = options;
    const wanted = new Set<string>();
    for await (const found of this.findInstances(series, {}, { signal })) {
      const instanceUid = jsonText(found, "00080018")!;
      if (!known.has(instanceUid)) wanted.add(instanceUid);
    }
    // Where most are here already, the whole series would bring them once more.
    if (wanted.size > known.size) yield* this.#retrieveTogether(series, wanted, signal);
    let numInARow = 0;
    for (const instanceUid of wanted) {
      let instance: RetrievedInstance;
      try {
        instance = await this.#retrieveInstance(series, instanceUid, signal);
        numInARow = 0;
      } catch (error) {
        signal?.throwIfAborted();
        if (onMissing === undefined || !(error instanceof MedsslError)) throw error;
        numInARow = SILENT.includes(error.code) ? numInARow + 1 : 0;
        if (HOPELESS.includes(error.code) || numInARow >= MAX_IN_A_ROW) throw error;
        onMissing(instanceUid, error);
        continue;
      }
      yield instance;
    }
  }

  /** One instance, with further tries where it breaks off. */
  async retrieveInstance(
    series: SeriesAddress,
    instanceUid: string,
    { signal }: StopOptions = {},
  ): Promise<Uint8Array> {
    return (await this.#retrieveInstance(series, instanceUid, signal)).bytes;
  }

  async store(
    files: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    { signal }: StopOptions = {},
  ): Promise<StoredInstance[]> {
    const stored: StoredInstance[] = [];
    let batch: { readonly instanceUid: string; readonly file: Uint8Array }[] = [];
    let numBytes = 0;
    const send = async () => {
      if (batch.length > 0) stored.push(...(await this.#storeBatch(batch, signal)));
      batch = [];
      numBytes = 0;
    };
    for await (const file of files) {
      const instanceUid = parseDicom(file, "the file to store", { headerOnly: true }).string("00080018") ?? "";
      if (numBytes > 0 && numBytes + file.length > REQUEST_BYTES) await send();
      batch.push({ instanceUid, file });
      numBytes += file.length;
    }
    await send();
    return stored;
  }

  async *#find(
    path: string,
    key: string,
    filters: PacsFilters,
    { includeFields = [], limit = Number.POSITIVE_INFINITY, signal }: FindOptions,
  ): AsyncGenerator<DicomJson> {
    const seen = new Set<string>();
    for (let offset = 0; seen.size < limit; ) {
      const query = new URLSearchParams({ ...filters, limit: String(Math.min(PAGE, limit - seen.size)) });
      query.set("offset", String(offset));
      for (const field of includeFields) query.append("includefield", field);
      const page = await this.#connection.ask({ path, query, headers: { accept: JSON_TYPE }, signal }, readDatasets);
      const numBefore = seen.size;
      for (const attributes of page) {
        const uid = jsonText(attributes, key);
        if (uid === undefined || seen.has(uid) || seen.size >= limit) continue;
        seen.add(uid);
        yield attributes;
      }
      if (seen.size === numBefore) return;
      offset += page.length;
    }
  }

  /** Takes from `wanted` what comes. That the answer breaks off, or cannot be had as a whole, is no error here. */
  async *#retrieveTogether(
    series: SeriesAddress,
    wanted: Set<string>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<RetrievedInstance> {
    try {
      const path = pathOf(series);
      const answer = await this.#connection.open({ path, headers: { accept: INSTANCES_TYPE }, signal });
      for await (const bytes of instancesOf(answer)) {
        const instanceUid = uidOf(bytes, answer.request);
        if (instanceUid !== undefined && wanted.delete(instanceUid)) yield { instanceUid, bytes };
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof MedsslError) || HOPELESS.includes(error.code)) throw error;
    }
  }

  async #retrieveInstance(
    series: SeriesAddress,
    instanceUid: string,
    signal: AbortSignal | undefined,
  ): Promise<RetrievedInstance> {
    const path = `${pathOf(series)}/instances/${checkedUid(instanceUid)}`;
    const bytes = await this.#connection.ask({ path, headers: { accept: INSTANCES_TYPE }, signal }, async (answer) => {
      const instances = await Array.fromAsync(instancesOf(answer));
      const instance = instances.find((one) => uidOf(one, answer.request) === instanceUid);
      if (instance !== undefined) return instance;
      const got = instances.length === 0 ? "nothing" : "something else";
      throw new PacsFailure("ERR_PACS_ANSWER", `${answer.request}: expected this DICOM instance, got ${got}`, {
        hint: "It may be damaged in the archive.",
      });
    });
    return { instanceUid, bytes };
  }

  async #storeBatch(
    batch: readonly { readonly instanceUid: string; readonly file: Uint8Array }[],
    signal: AbortSignal | undefined,
  ): Promise<StoredInstance[]> {
    const boundary = `medssl-${crypto.randomUUID()}`;
    const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    const parts = batch.flatMap(({ file }) => [head, file as Uint8Array<ArrayBuffer>, "\r\n"]);
    const request = {
      path: "/studies",
      method: "POST",
      headers: {
        "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: JSON_TYPE,
      },
      body: new Blob([...parts, `--${boundary}--\r\n`]),
      alsoTakes: [400, 409],
      signal,
    } as const;
    return await this.#connection.ask(request, async (answer) => {
      const uids = batch.map(({ instanceUid }) => instanceUid);
      return storedInstances(await readLists(answer), uids, answer.response.status === 200);
    });
  }
}

function pathOf({ studyUid, seriesUid }: SeriesAddress): string {
  return `/studies/${checkedUid(studyUid)}/series/${checkedUid(seriesUid)}`;
}

/** The files of an answer, whether it wraps them up or is one itself. */
async function* instancesOf({ chunks, contentType, request }: PacsAnswer): AsyncGenerator<Uint8Array> {
  if (/^\s*application\/dicom\s*(;|$)/i.test(contentType)) {
    yield joinBytes(await Array.fromAsync(chunks));
    return;
  }
  for await (const { body } of multipartParts(chunks, contentType, request)) yield body;
}

async function readDatasets({ chunks, contentType, request }: PacsAnswer): Promise<DicomJson[]> {
  const datasets = datasetsIn(await textOf(chunks));
  if (datasets !== undefined) return datasets;
  throw new PacsFailure("ERR_PACS_ANSWER", `${request}: expected ${JSON_TYPE}, got "${contentType}"`, {
    hint: "Is this the address of the DICOMweb service itself, and not that of a viewer or a login page?",
  });
}

/** What became of files that were sent. Archives that refuse all of them answer 400 or 409, with their lists or without. */
async function readLists({ chunks, request, response }: PacsAnswer): Promise<DicomJson> {
  const text = await textOf(chunks);
  const [lists = {}] = datasetsIn(text) ?? [];
  if (response.ok || LISTS.some((tag) => tag in lists)) return lists;
  throw statusFailure(request, response, text, true);
}

/** Failed, stored, other failures. */
const LISTS = ["00081198", "00081199", "0008119A"];

/** An empty answer has none; undefined for what is no DICOM as JSON. */
function datasetsIn(text: string): DicomJson[] | undefined {
  if (text.trim() === "") return [];
  try {
    return jsonDatasets(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(joinBytes(await Array.fromAsync(chunks)));
}

/** Undefined for bytes that are no DICOM. */
function uidOf(bytes: Uint8Array, name: string): string | undefined {
  let header: DicomDataset;
  try {
    header = parseDicom(bytes, name, { headerOnly: true });
  } catch {
    return undefined;
  }
  return header.string("00080018");
}
