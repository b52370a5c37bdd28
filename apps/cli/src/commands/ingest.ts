import { rmSync } from "node:fs";
import { MedsslError, type RunListener } from "@medssl/contract";
import type { FetchedSource, IngestSummary, ShardOf, SourceSummary } from "@medssl/datasets";
import type { PacsFilters } from "@medssl/imaging";
import { Command, InvalidArgumentError, Option } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { PACS_HELP, type PacsOptions, pacsClient, parsePacsQuery, withPacsOptions } from "../pacs-options.ts";
import { progressListener } from "../progress.ts";

interface Options extends PacsOptions {
  readonly pacsQuery?: PacsFilters;
  readonly download?: string;
  readonly deleteDownload?: true;
  readonly store: string;
  readonly layout?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly fit?: "squash" | "pad" | "crop";
  readonly channel?: "luma" | "green";
  readonly modality?: "xray" | "ct" | "mr" | "fundus";
  readonly labels?: string;
  readonly masks: boolean;
  readonly automaticMasks?: true;
  readonly maskSuffix?: string;
  readonly patientPattern?: RegExp;
  readonly workers?: number;
  readonly timeLimit?: number;
  readonly shard?: ShardOf;
  readonly saltFile?: string;
  readonly json?: true;
}

/** Reasons shown in full for each kind of quarantine; the ledger has all. */
const SHOWN_PER_REASON = 5;

export const ingestCommand = (): Command =>
  withPacsOptions(new Command("ingest"))
    .description(
      "Reads archives of medical images, with their masks where there are any, into a store that training reads: DICOM," +
        " NIfTI, PNG, JPEG, TIFF and more, in the layouts of the field's data sets or in any folder." +
        " Running it again adds what is new and leaves the rest.",
    )
    .argument(
      "<source...>",
      "folders; what each is, is recognised by looking (docs/layouts.md). Or a PACS (docs/pacs.md):" +
        " dicomweb://HOST/PATH[/studies/UID[/series/UID]]",
    )
    .requiredOption("--store <dir>", "the store's folder; made when missing")
    .option("--layout <name>", "how the sources lie, where looking is wrong; or a module of your own, ./layout.ts")
    .option(
      "--size <size>",
      "stored size in pixels, N or WxH (default: X-rays 320, CT and fundus 512, MR 256, other pictures 192)",
      parseSize,
    )
    .addOption(
      new Option("--fit <way>", "fill the size, keep the aspect with a border, or cut the long side").choices([
        "squash",
        "pad",
        "crop",
      ]),
    )
    .addOption(
      new Option("--channel <channel>", "what color images are reduced to (default: luma, fundus green)").choices([
        "luma",
        "green",
      ]),
    )
    .option("--labels <names>", "names of the mask values, NAME=VALUE,...; the data set's, or told from the masks")
    .addOption(
      new Option("--modality <kind>", "what the images are, where neither data set nor files say it").choices([
        "xray",
        "ct",
        "mr",
        "fundus",
      ]),
    )
    .option("--no-masks", "leaves masks out")
    .option(
      "--automatic-masks",
      "takes DICOM segmentations that a program made alone, such as stored predictions, as masks (default: left out)",
    )
    .option("--mask-suffix <suffix>", "end of the mask files' names, such as _mask; the usual ones are known")
    .option("--patient-pattern <regex>", "its first group, searched in the path, names the patient", parsePattern)
    .option("--workers <n>", "threads that decode (default: the number of cores)", integerFrom(1, 256))
    .option(
      "--time-limit <seconds>",
      "for one file; after that it is quarantined (default: 60)",
      integerFrom(1, 86_400),
    )
    .option("--shard <i/n>", "does part i of n; the last part to finish puts the store together", parseShard)
    .option("--salt-file <file>", "secret that patients' names are hashed with (default: private/salt in the store)")
    .option("--pacs-query <query>", "which studies of a PACS, KEYWORD=VALUE,... (default: all)", parsePacsQuery)
    .option("--download <dir>", "where the copies from a PACS are kept (default: private/pacs in the store)")
    .option("--delete-download", "deletes these copies when all is in the store")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
Counts are files. Those that cannot be used are listed with the reason and do not stop the rest.
Exit code 0 when the store holds something of the sources, 1 when nothing could be used, 130 after Ctrl-C.

Examples:
  medssl ingest CheXpert-v1.0-small --store stores/chexpert
  medssl ingest pacs-export --store stores/hospital
  medssl ingest dicomweb://pacs.example.org/dicom-web --pacs-query ModalitiesInStudy=DX --store stores/films
  medssl ingest amos22 --store stores/amos --workers 16
  medssl ingest montgomery shenzhen --store stores/lungs --labels lungs
  medssl ingest films/ --store stores/films --modality xray
  medssl ingest CHASE_DB1 --store stores/vessels --labels vessels
  medssl ingest scans --store stores/scans --patient-pattern '^(p[0-9]+)/'
  srun --array=1-16 medssl ingest mimic --store stores/mimic --shard $SLURM_ARRAY_TASK_ID/16
${PACS_HELP}`,
    )
    .action(async (sources: string[], options: Options) => {
      const { deleteDownload, json, store } = options;
      const { fetched, summary } = await interruptible((signal) => run(sources, options, signal));
      if (json) printJson({ ...(summary ?? { isComplete: false }), ...(fetched.length === 0 ? {} : { fetched }) });
      else {
        for (const source of fetched) printFetched(source);
        if (summary !== undefined) printSummary(store, summary);
        else console.log("\nInterrupted: the same command goes on where this one stopped.");
      }
      if (summary?.isComplete !== true) process.exitCode = INTERRUPTED;
      else if (isUseless(summary)) process.exitCode = 1;
      else if (deleteDownload && summary.quarantined === 0)
        for (const { folder } of fetched) rmSync(folder, { recursive: true, force: true });
    });

interface Ingested {
  /** What was copied from archives. */
  readonly fetched: readonly FetchedSource[];
  /** Undefined when copying was interrupted. */
  readonly summary: IngestSummary | undefined;
}

async function run(sources: readonly string[], options: Options, signal: AbortSignal): Promise<Ingested> {
  const { size, labels, masks, automaticMasks = false, timeLimit, ...rest } = options;
  const { ingest, parseLabels } = await import("@medssl/datasets");
  const listen = progressListener();
  const fetched: FetchedSource[] = [];
  const folders: string[] = [];
  const { isPacsAddress } = await import("@medssl/imaging");
  for (const source of sources) {
    if (!isPacsAddress(source)) {
      folders.push(source);
      continue;
    }
    const copies = await fetchFrom(source, options, listen, signal);
    fetched.push(copies);
    folders.push(copies.folder);
    if (!copies.isComplete) return { fetched, summary: undefined };
  }
  const summary = await ingest(
    folders,
    {
      ...rest,
      ...size,
      ...(labels === undefined ? {} : { labels: parseLabels(labels) }),
      ...(timeLimit === undefined ? {} : { timeLimitSeconds: timeLimit }),
      skipsMasks: !masks,
      takesAutomaticMasks: automaticMasks,
    },
    listen,
    signal,
  );
  return { fetched, summary };
}

async function fetchFrom(
  address: string,
  options: Options,
  listen: RunListener,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const { store, download, pacsQuery, masks, shard } = options;
  if (shard !== undefined) {
    throw new MedsslError("ERR_PACS_SHARD", "--shard: expected folders, got the address of a PACS", {
      hint: "Several processes would fetch the same files. Ingest from the PACS without --shard.",
    });
  }
  const { downloadsOf, fetchSource } = await import("@medssl/datasets");
  const { parsePacsAddress } = await import("@medssl/imaging");
  const { baseUrl, studyUid, seriesUid } = parsePacsAddress(address);
  const client = await pacsClient(baseUrl, options, listen);
  return await fetchSource(
    { client, studyUid, seriesUid },
    {
      downloads: download ?? downloadsOf(store),
      ...(pacsQuery === undefined ? {} : { filters: pacsQuery }),
      skipsMasks: !masks,
      listen,
      signal,
    },
  );
}

function printFetched({ address, folder, studies, files, fetched, leftOut, failures }: FetchedSource): void {
  console.log(`${address}: ${studies} studies, ${files} files, ${fetched} of them fetched now; in ${folder}`);
  const others = Object.entries(leftOut).map(([modality, count]) => `${count} ${modality}`);
  if (others.length > 0) console.log(`  series left out: ${others.join(", ")}`);
  for (const { uid, reason } of failures.slice(0, SHOWN_PER_REASON)) console.log(`  not fetched ${uid}: ${reason}`);
  if (failures.length > SHOWN_PER_REASON) console.log(`  ... and ${failures.length - SHOWN_PER_REASON} more`);
  console.log("");
}

/** A shard of a small archive may have nothing to do, which is no failure. */
const isUseless = ({ found, stored, unchanged }: IngestSummary): boolean => found > 0 && stored + unchanged === 0;

function printSummary(store: string, summary: IngestSummary): void {
  const { sources, labels, recipes, shard } = summary;
  const columns = ["source", "layout", "found", "stored", "unchanged", "quarantined", "masks", "patients"];
  const counts = (row: Pick<SourceSummary, "found" | "stored" | "unchanged" | "quarantined" | "masks" | "patients">) =>
    [row.found, row.stored, row.unchanged, row.quarantined, row.masks, row.patients] as const;
  const rows = sources.map((source) => [source.name, source.layout, ...counts(source)]);
  printTable(columns, rows.length > 1 ? [...rows, ["all", "", ...counts(summary)]] : rows);
  console.log("");
  for (const { name, patientRule } of sources) console.log(`patients of ${name}: ${patientRule}`);
  for (const [name, { width, height, fit, channel, dtype }] of Object.entries(recipes)) {
    console.log(`${name} images are stored as ${width}x${height} ${dtype} (${fit}, ${channel})`);
  }
  if (labels.length > 0) console.log(`labels  ${labels.map(({ value, name }) => `${value} ${name}`).join(", ")}`);
  if (summary.quarantined > 0) printQuarantine(store, summary);
  if (!summary.isComplete) console.log("\nInterrupted: the same command goes on where this one stopped.");
  else if (isUseless(summary)) console.log("\nNothing could be used.");
  else if (shard !== undefined && !shard.isMerged) console.log("\nThe store is put together when all shards are done.");
  const { found, stored, unchanged, quarantined, cases, seconds } = summary;
  console.log(
    `\n${found} files: ${stored} stored, ${unchanged} unchanged, ${quarantined} quarantined` +
      ` in ${seconds.toFixed(1)} s; the ${shard === undefined || shard.isMerged ? "store" : "part"} holds ${cases} images`,
  );
}

/** The reasons by their kind, a few files of each. */
function printQuarantine(store: string, { quarantined, quarantine, reasons }: IngestSummary): void {
  console.log(`\n${quarantined} quarantined (all in ${store}/private/files.sqlite, table quarantine)`);
  for (const [code, count] of Object.entries(reasons)) {
    const shown = quarantine.filter((file) => file.code === code).slice(0, SHOWN_PER_REASON);
    console.log(`  ${code}: ${count}`);
    for (const { reason } of shown) console.log(`    ${reason}`);
    if (count > shown.length) console.log(`    ... and ${count - shown.length} more`);
  }
}

function parseShard(text: string): ShardOf {
  const [, index = "", count = ""] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (!(shard.index >= 1 && shard.index <= shard.count && shard.count <= 10_000)) {
    throw new InvalidArgumentError("Expected I/N with I from 1 to N, such as 3/16.");
  }
  return shard;
}

function parseSize(text: string): { width: number; height: number } {
  const [, width, height = width] = /^(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (!(size.width >= 16 && size.width <= 8192 && size.height >= 16 && size.height <= 8192)) {
    throw new InvalidArgumentError("Expected N or WxH in pixels, from 16 to 8192, such as 192 or 256x192.");
  }
  return size;
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
