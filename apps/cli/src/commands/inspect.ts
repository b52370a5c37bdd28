import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { styleText } from "node:util";
import type { Finding, Inspection } from "@medssl/datasets";
import { Command } from "commander";
import { seed } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly split?: string;
  readonly html?: string;
  readonly seed: number;
  readonly quick?: true;
  readonly strict?: true;
  readonly json?: true;
}

export const inspectCommand = (): Command =>
  new Command("inspect")
    .description(
      "Says what stores contain, against what was published, and what stands in the way of an honest result: images or" +
        " patients on both sides of a split or in two data sets, duplicates and near-duplicates, masks that do not fit.",
    )
    .argument("<store...>", "stores, looked at together")
    .option("--split <file>", "checks this split; without it, the data sets' own")
    .option("--html <file>", "writes a page to look at and to send: tables, findings, a contact sheet with masks")
    .option("--seed <n>", "chooses the pictures of the contact sheet", seed, 0)
    .option("--quick", "reads no pixels: leaves near-duplicates out")
    .option("--strict", "exit code 1 when there are errors")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
The page holds pictures of the images: hand it on as you would hand on the images.

Examples:
  medssl inspect stores/lungs
  medssl inspect stores/lungs stores/cxr --html lungs.html
  medssl inspect stores/lungs stores/pool --split split.json --strict`,
    )
    .action(async (dirs: string[], options: Options) => {
      const { inspectionPage, inspectStores, openStores, parseSplit } = await import("@medssl/datasets");
      const stores = openStores(dirs);
      const { split: file } = options;
      const inspection = inspectStores(stores, {
        split: file === undefined ? undefined : { name: basename(file), split: parseSplit(file) },
        isQuick: options.quick ?? false,
        listen: progressListener(),
      });
      if (options.html !== undefined) {
        mkdirSync(dirname(options.html), { recursive: true });
        writeFileSync(options.html, await inspectionPage(inspection, stores, options.seed));
      }
      if (options.json) printJson(inspection);
      else printInspection(inspection, options.html);
      if (options.strict && inspection.findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
    });

function printInspection(inspection: Inspection, page: string | undefined): void {
  const { findings, sources, kinds, labels, stores } = inspection;
  for (const finding of findings.filter(({ severity }) => severity !== "ok")) printFinding(finding);
  const passed = findings.filter(({ severity }) => severity === "ok");
  if (passed.length > 0) console.log(passed.map(({ title }) => `${mark("ok")} ${title}`).join("\n"));

  const several = stores.length > 1;
  const head = (name: string, store: string) => (several ? `${store}: ${name}` : name);
  console.log("");
  printTable(
    ["source", "data set", "patients", "images", "slices", "with mask", "published", "split"],
    sources.map((source) => [
      head(source.name, source.store),
      source.title,
      source.unknownPatients > 0 ? `${source.patients} (unknown)` : source.patients,
      source.items,
      source.images,
      source.maskedItems,
      source.published.map(({ what, published }) => `${published} ${what}`).join(", "),
      Object.entries(source.officialSplit)
        .map(([side, count]) => `${count} ${side}`)
        .join(", "),
    ]),
  );
  console.log("");
  printTable(
    ["source", "kind", "original size", "sizes", "spacing mm", "stored as", "mean", "std", "low", "high"],
    kinds.map((kind) => [
      head(kind.source, kind.store),
      [kind.recipe, ...kind.modalities].join(" "),
      kind.commonestSize.size,
      kind.numSizes,
      spacingText(kind),
      kind.storedAs,
      rounded(kind.mean),
      rounded(kind.std),
      rounded(kind.low),
      rounded(kind.high),
    ]),
  );
  if (labels.length > 0) {
    console.log("");
    printTable(
      ["source", "label", "patients", "of", "images", "of", "% of pixels where shown", "% of all"],
      labels.map((label) => [
        head(label.source, label.store),
        label.name,
        label.patients,
        label.ofPatients,
        label.images,
        label.ofImages,
        rounded(100 * label.pixelShareWhereShown),
        rounded(100 * label.pixelShare),
      ]),
    );
  }
  if (page !== undefined)
    console.log(`\n${page}: it holds pictures of the images; hand it on as you would hand on the images`);
}

const COLORS = { error: "red", warning: "yellow", note: "blue", ok: "green" } as const;

const mark = (severity: Finding["severity"]): string =>
  styleText(COLORS[severity], severity.padEnd(7), { stream: process.stdout });

function printFinding({ severity, title, advice, examples = [] }: Finding): void {
  const lines = [...(advice === undefined ? [] : [advice]), ...examples.map((text) => `  ${text}`)];
  console.log([`${mark(severity)} ${title}`, ...lines.map((line) => `${" ".repeat(8)}${line}`)].join("\n"));
}

const rounded = (value: number): number => Number(value.toPrecision(3));

function spacingText({ spacingX, spacingY, spacingZ }: Inspection["kinds"][number]): string {
  const known = [spacingX, spacingY, spacingZ].filter((range) => range !== undefined);
  return known.map((range) => [...new Set(range.map(rounded))].join("-")).join(" x ");
}
