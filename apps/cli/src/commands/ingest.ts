import type { IngestSummary, SourceSummary } from "@medssl/datasets";
import { Command, InvalidArgumentError, Option } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly store: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly fit?: "squash" | "pad";
  readonly channel?: "luma" | "green";
  readonly labels?: string;
  readonly maskSuffix?: string;
  readonly patientPattern?: RegExp;
  readonly json?: true;
}

/** Reasons shown in full for each kind of quarantine; the catalog has all. */
const SHOWN_PER_REASON = 5;

export const ingestCommand = (): Command =>
  new Command("ingest")
    .description(
      "Reads folders of PNG and JPEG images, with their masks where there are any, into a store that training reads." +
        " Running it again adds what is new and leaves the rest.",
    )
    .argument("<source...>", "folders: images/ and masks/, or images and masks in one folder, or images alone")
    .requiredOption("--store <dir>", "the store's folder; made when missing")
    .option("--size <size>", "stored size in pixels, N or WxH; a new store's default is 192", parseSize)
    .addOption(
      new Option("--fit <way>", "fill the size, or keep the aspect (default: squash)").choices(["squash", "pad"]),
    )
    .addOption(
      new Option("--channel <channel>", "what color images are reduced to (default: luma)").choices(["luma", "green"]),
    )
    .option("--labels <names>", "names of the mask values, NAME=VALUE,...; told from the masks when left out")
    .option("--mask-suffix <suffix>", "end of the mask files' names, such as _mask; the usual ones are known")
    .option("--patient-pattern <regex>", "its first group, searched in the path, names the patient", parsePattern)
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
Files that cannot be used are listed with the reason and do not stop the rest.
Exit code 0 when the store holds something of the sources, 1 when nothing could be used, 130 after Ctrl-C.

Examples:
  medssl ingest montgomery shenzhen --store stores/lungs --labels lungs=255
  medssl ingest unlabeled --store stores/pool --size 256
  medssl ingest CHASE_DB1 --store stores/vessels --size 512 --channel green --labels vessels
  medssl ingest scans --store stores/scans --patient-pattern '^(p[0-9]+)/'`,
    )
    .action(async (sources: string[], { size, labels, json, ...options }: Options) => {
      const { ingest, parseLabels } = await import("@medssl/datasets");
      const rule = labels === undefined ? {} : { labels: parseLabels(labels) };
      const summary = await interruptible((signal) =>
        ingest(sources, { ...options, ...size, ...rule }, progressListener(), signal),
      );
      if (json) printJson(summary);
      else printSummary(options.store, summary);
      if (!summary.isComplete) process.exitCode = INTERRUPTED;
      else if (summary.stored + summary.unchanged === 0) process.exitCode = 1;
    });

function printSummary(store: string, summary: IngestSummary): void {
  const { sources, quarantine, labels } = summary;
  const columns = ["source", "found", "stored", "unchanged", "quarantined", "masks", "patients", "patients told by"];
  const counts = ({
    found,
    stored,
    unchanged,
    quarantined,
    masks,
    patients,
  }: Omit<SourceSummary, "name" | "path" | "patientRule">) =>
    [found, stored, unchanged, quarantined, masks, patients] as const;
  const rows = sources.map((source) => [source.name, ...counts(source), source.patientRule]);
  printTable(columns, rows.length > 1 ? [...rows, ["all", ...counts(summary), ""]] : rows);
  if (labels.length > 0) console.log(`\nlabels  ${labels.map(({ value, name }) => `${value} ${name}`).join(", ")}`);
  if (quarantine.length > 0) printQuarantine(store, quarantine);
  if (!summary.isComplete) console.log("\nInterrupted: the same command goes on where this one stopped.");
  else if (summary.stored + summary.unchanged === 0) console.log("\nNothing could be used.");
}

/** The reasons by their kind, a few files of each. */
function printQuarantine(store: string, quarantine: IngestSummary["quarantine"]): void {
  console.log(`\n${quarantine.length} quarantined (all in ${store}/catalog.sqlite, table quarantine)`);
  for (const [code, files] of Map.groupBy(quarantine, (file) => file.code)) {
    console.log(`  ${code}: ${files.length}`);
    for (const { reason } of files.slice(0, SHOWN_PER_REASON)) console.log(`    ${reason}`);
    if (files.length > SHOWN_PER_REASON) console.log(`    ... and ${files.length - SHOWN_PER_REASON} more`);
  }
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
