/**
 * Where the images of a prediction come from, and where its results may go: files, folders, and studies of a PACS.
 *
 * Copies   of a study lie in `--download`, else in OUT/private until all is done: an interrupted prediction goes on with them.
 *          They name their patients; only the user may read them.
 * Errors   `ERR_USAGE`, `ERR_INPUT_MISSING`, `ERR_PACS_*`
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { FetchedFolder } from "@medssl/datasets";
import type { DicomwebClient, PacsAddress } from "@medssl/imaging";
import { type PacsOptions, pacsClient } from "./pacs-options.ts";

export interface SourceOptions extends PacsOptions {
  readonly out: string;
  readonly pacs?: string;
  readonly study?: string;
  readonly series?: string;
  readonly download?: string;
  readonly storeResult?: true;
}

interface StudyAddress extends PacsAddress {
  readonly studyUid: string;
}

export class PredictionSources {
  readonly #paths: readonly string[];
  readonly #studies: readonly { readonly address: StudyAddress; readonly client: DicomwebClient }[];
  readonly #options: SourceOptions;
  readonly #listen: RunListener;
  /** Copies that are not to be kept. */
  readonly #copies = new Set<string>();
  /** Where results are stored; undefined where they are not. */
  readonly archive: DicomwebClient | undefined;

  /** What was given, checked; nothing is fetched. */
  static async open(given: readonly string[], options: SourceOptions, listen: RunListener): Promise<PredictionSources> {
    const { isPacsAddress } = await import("@medssl/imaging");
    const addresses = await addressesOf(given, options);
    const paths = given.filter((one) => !isPacsAddress(one));
    if (paths.length + addresses.studies.length === 0) {
      throw usage("predict: expected images, folders, or a study of a PACS", "medssl predict --help has examples.");
    }
    const missing = paths.find((path) => !existsSync(path));
    if (missing !== undefined) throw new MedsslError("ERR_INPUT_MISSING", `${missing}: no such file or folder`);
    const studies = [];
    for (const address of addresses.studies) {
      studies.push({ address, client: await pacsClient(address.baseUrl, options, listen) });
    }
    const { target } = addresses;
    const archive = target === undefined ? undefined : await pacsClient(target, options, listen);
    return new PredictionSources(paths, studies, archive, options, listen);
  }

  private constructor(
    paths: readonly string[],
    studies: readonly { readonly address: StudyAddress; readonly client: DicomwebClient }[],
    archive: DicomwebClient | undefined,
    options: SourceOptions,
    listen: RunListener,
  ) {
    this.#paths = paths;
    this.#studies = studies;
    this.archive = archive;
    this.#options = options;
    this.#listen = listen;
  }

  /** What was given as it is; of archives, copies. @throws the signal's reason where it was interrupted */
  async fetch(signal: AbortSignal): Promise<(string | FetchedFolder)[]> {
    const { download, out } = this.#options;
    const inputs: (string | FetchedFolder)[] = [...this.#paths];
    for (const { address, client } of this.#studies) {
      const { studyUid, seriesUid, baseUrl } = address;
      const { COPIES_FOLDER, fetchSource } = await import("@medssl/datasets");
      const options = {
        ...{ downloads: download ?? join(out, COPIES_FOLDER), skipsMasks: true },
        ...{ listen: this.#listen, signal },
      };
      const fetched = await fetchSource({ client, studyUid, seriesUid }, options);
      signal.throwIfAborted();
      if (download === undefined) this.#copies.add(fetched.folder);
      for (const { uid, reason } of fetched.failures) {
        this.#listen({ type: "note", level: "warning", message: `not fetched ${uid}: ${reason}` });
      }
      if (fetched.files === 0) throw nothingThere(address);
      inputs.push({ folder: join(fetched.folder, studyUid, seriesUid ?? ""), address: baseUrl });
    }
    return inputs;
  }

  /** Deletes copies that are not to be kept. */
  forget(): void {
    for (const folder of this.#copies) {
      rmSync(folder, { recursive: true, force: true });
      const above = dirname(folder);
      if (existsSync(above) && readdirSync(above).length === 0) rmdirSync(above);
    }
  }
}

async function addressesOf(
  given: readonly string[],
  { pacs, study, series, storeResult }: SourceOptions,
): Promise<{ readonly studies: readonly StudyAddress[]; readonly target: string | undefined }> {
  const { checkedUid, isPacsAddress, parsePacsAddress } = await import("@medssl/imaging");
  if (study !== undefined && pacs === undefined) throw usage("--study: expected --pacs, the PACS that has it");
  if (series !== undefined && study === undefined) throw usage("--series: expected --study, which it is of");
  const inputs = given.filter(isPacsAddress).map(parsePacsAddress);
  const named = pacs === undefined ? undefined : parsePacsAddress(pacs);
  if (storeResult && named === undefined && new Set(inputs.map(({ baseUrl }) => baseUrl)).size > 1) {
    throw usage("--store-result: expected --pacs, to say which of these PACS the results go to");
  }
  const target = (named ?? inputs[0])?.baseUrl;
  if (storeResult && target === undefined) throw usage("--store-result: expected --pacs, where the results go");
  const studies = inputs.map(({ studyUid, ...rest }): StudyAddress => {
    if (studyUid !== undefined) return { ...rest, studyUid };
    throw usage(`${rest.baseUrl}: expected the address of a study: ${rest.baseUrl}/studies/UID`);
  });
  const studyUid = study ?? named?.studyUid;
  const seriesUid = series ?? named?.seriesUid;
  if (named !== undefined && studyUid !== undefined) {
    const ofSeries = seriesUid === undefined ? {} : { seriesUid: checkedUid(seriesUid) };
    studies.push({ baseUrl: named.baseUrl, studyUid: checkedUid(studyUid), ...ofSeries });
  }
  return { studies, target: storeResult ? target : undefined };
}

const usage = (message: string, hint?: string): MedsslError =>
  new MedsslError("ERR_USAGE", message, hint === undefined ? {} : { hint });

const nothingThere = ({ baseUrl, studyUid, seriesUid }: StudyAddress): MedsslError =>
  new MedsslError(
    "ERR_PACS_NOTHING",
    seriesUid === undefined
      ? `${baseUrl}: the study ${studyUid} has no series with images`
      : `${baseUrl}: the study ${studyUid} has no series ${seriesUid}, or it holds no images`,
    { hint: "Check the UIDs; may the login see this study?" },
  );
