import { readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { MedsslError, type RunListener, type WeightPrecision } from "@medssl/contract";
import type { FetchedFolder, OutputFormat, PredictionReport, PredictOptions } from "@medssl/datasets";
import type { DicomwebClient } from "@medssl/imaging";
import { Command, InvalidArgumentError, Option } from "commander";
import { withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, list, overlapShare } from "../option-values.ts";
import { printJson } from "../output.ts";
import { PACS_HELP, type PacsOptions, pacsClient, withPacsOptions } from "../pacs-options.ts";
import { type ModelOptions, modelSettings, predictionModel } from "../prediction-model.ts";
import { printPredictions } from "../prediction-tables.ts";
import { progressListener } from "../progress.ts";

interface Options extends ModelOptions, PacsOptions {
  readonly out: string;
  readonly format?: readonly OutputFormat[];
  readonly overlays: boolean;
  readonly truth?: string;
  readonly truthLabels?: string;
  readonly overwrite?: true;
  readonly pacs?: string;
  readonly study?: string;
  readonly series?: string;
  readonly download?: string;
  readonly storeResult?: true;
  readonly workers?: number;
}

const FORMATS: readonly OutputFormat[] = ["png", "nifti", "seg", "seg-fractional"];
const PRECISIONS: readonly WeightPrecision[] = ["fp32", "fp16", "int8"];

export const predictCommand = (): Command =>
  withPacsOptions(
    withComputeOptions(
      new Command("predict")
        .description(
          "Segment pictures and volumes: masks, DICOM segmentations and overlays on each image's own grid," +
            " and a table of what was found. Running it again goes on where it stopped.",
        )
        .argument(
          "[INPUT...]",
          "images, folders of images and DICOM series, or a study of a PACS: dicomweb://HOST/PATH/studies/UID[/series/UID]",
        )
        .requiredOption("--model <dir>", "folder of a fine-tuning run, or of an exported model")
        .requiredOption("--out <dir>", "folder for masks/, seg/, overlays/ and predictions.{csv,json}")
        .option(
          "--format <list>",
          "png (pictures), nifti (volumes; pictures without png), seg and seg-fractional (DICOM segmentations of what" +
            " is DICOM) (default: png,nifti,seg, as far as they fit the image)",
          formatList,
        )
        .option("--no-overlays", "without pictures to look at")
        .option(
          "--truth <dir>",
          "folder of true masks that are called as the images, or one mask: adds Dice, HD95, NSD",
        )
        .option("--truth-labels <names>", "what their values mean, NAME=VALUE,... (default: the model's own values)")
        .option("--overwrite", "makes results anew that are there already")
        .option("--pacs <url>", "PACS (DICOMweb) that --study is fetched from, and --store-result goes to")
        .option("--study <uid>", "of the PACS; all its series with images")
        .option("--series <uid>", "only this one")
        .option("--store-result", "stores the DICOM segmentations in the PACS")
        .option("--download <dir>", "keeps the copies from the PACS here (default: deleted when all is done)")
        .addOption(new Option("--precision <weights>", "of an exported model (default: fp32)").choices([...PRECISIONS]))
        .option(
          "--overlap <share>",
          "share of a tile that its neighbour covers too, 0 to 0.9 (default: the model's)",
          overlapShare,
        )
        .addOption(
          new Option("--flips <views>", "mirrored views that are averaged (default: the model's)").choices([
            "none",
            "horizontal",
            "both",
          ]),
        )
        .option("--no-post-processing", "leave the label maps as the network gives them")
        .option("--native", "tiles of the image's own pixels; only for models that learned at that size")
        .option(
          "--workers <n>",
          "threads that read and write beside the network (default: by processors)",
          integerFrom(0, 256),
        ),
    ),
  )
    .addHelpText(
      "after",
      "\nExit code 0 when something was segmented, 1 when nothing was or the PACS refused a result; what is wrong with\n" +
        "one image is told, and the others go on.\n" +
        "\nExamples:\n" +
        "  medssl predict --model runs/lungs-10 new-images/ --out predictions\n" +
        "  medssl predict --model models/heart scans/ --out predictions --format nifti --truth labels/\n" +
        "  medssl predict --model models/lungs --pacs https://pacs.example.org/dicom-web --study 1.2.840.1 --store-result --out out\n" +
        "  medssl predict --model runs/lungs-10 a.png b.jpg --out predictions --json" +
        `\n${PACS_HELP}`,
    )
    .action(async (inputs: string[], options: Options) => {
      const report = await interruptible((signal) => run(inputs, options, signal));
      if (report === undefined) {
        console.log("\nInterrupted: the same command goes on where this one stopped.");
        process.exitCode = INTERRUPTED;
        return;
      }
      const isRefused = report.predictions.some(({ stored = [] }) => stored.some(({ isStored }) => !isStored));
      if (report.predictions.length === 0 || isRefused) process.exitCode = 1;
      if (!report.isComplete) process.exitCode = INTERRUPTED;
      if (options.json) printJson(report);
      else printPredictions(options.out, report);
    });

/** Undefined where it was interrupted before anything could be segmented. */
async function run(
  given: readonly string[],
  options: Options,
  signal: AbortSignal,
): Promise<PredictionReport | undefined> {
  const listen = progressListener();
  const model = await predictionModel(options);
  const { predict } = await import("@medssl/datasets");
  const { inputs, copies, client } = await fetchInputs(given, options, listen, signal);
  if (signal.aborted) return undefined;
  const report = await predict({
    ...{ model, inputs, listen, signal },
    ...{ out: options.out, formats: options.format, hasOverlays: options.overlays },
    settings: modelSettings(options),
    producer: `medssl ${version()}`,
    isOverwriting: options.overwrite,
    numWorkers: options.workers ?? usualWorkers(options.device),
    measure: options.truth === undefined ? undefined : measureBy(options.truth, options, listen, signal),
    archive: options.storeResult ? client : undefined,
  });
  const isDone = report.isComplete && options.download === undefined;
  if (isDone) for (const folder of copies) rmSync(folder, { recursive: true, force: true });
  return report;
}

interface Inputs {
  readonly inputs: readonly (string | FetchedFolder)[];
  /** Folders of copies that are not to be kept. */
  readonly copies: readonly string[];
  /** Of the archive that results are stored in. */
  readonly client: DicomwebClient | undefined;
}

/** What is given as it is; of archives, copies. */
async function fetchInputs(
  given: readonly string[],
  options: Options,
  listen: RunListener,
  signal: AbortSignal,
): Promise<Inputs> {
  const { pacs, study, series, storeResult, download } = options;
  const { isPacsAddress, parsePacsAddress } = await import("@medssl/imaging");
  if (study !== undefined && pacs === undefined) throw usage("--study: expected --pacs, the PACS that has it");
  if (series !== undefined && study === undefined) throw usage("--series: expected --study, which it is of");
  const addresses = given.filter(isPacsAddress).map(parsePacsAddress);
  const named = pacs === undefined ? undefined : parsePacsAddress(pacs);
  if (named !== undefined) {
    const studyUid = study ?? named.studyUid;
    const seriesUid = series ?? named.seriesUid;
    if (studyUid !== undefined) {
      const uids = { studyUid, ...(seriesUid === undefined ? {} : { seriesUid }) };
      addresses.push({ baseUrl: named.baseUrl, ...uids });
    }
  }
  const target = named ?? addresses[0];
  if (storeResult && target === undefined) throw usage("--store-result: expected --pacs, where the results go");
  const inputs: (string | FetchedFolder)[] = given.filter((one) => !isPacsAddress(one));
  if (inputs.length + addresses.length === 0) {
    throw usage("predict: expected images, folders, or a study of a PACS", "medssl predict --help has examples.");
  }
  const copies: string[] = [];
  for (const { baseUrl, studyUid, seriesUid } of addresses) {
    if (studyUid === undefined) throw usage(`${baseUrl}: expected a study: ${baseUrl}/studies/UID, or --study UID`);
    const { fetchSource } = await import("@medssl/datasets");
    const client = await pacsClient(baseUrl, options, listen);
    const downloads = download ?? join(options.out, "private");
    const fetched = await fetchSource({ client, studyUid, seriesUid }, { downloads, skipsMasks: true, listen, signal });
    for (const { uid, reason } of fetched.failures) {
      listen({ type: "note", level: "warning", message: `not fetched ${uid}: ${reason}` });
    }
    const folder = join(fetched.folder, studyUid, seriesUid ?? "");
    if (fetched.files === 0) throw nothingThere(baseUrl, studyUid, seriesUid);
    inputs.push({ folder, address: baseUrl });
    copies.push(downloads);
    if (!fetched.isComplete) break;
  }
  const client = storeResult ? await pacsClient(target!.baseUrl, options, listen) : undefined;
  return { inputs, copies: download === undefined ? copies : [], client };
}

const usage = (message: string, hint?: string): MedsslError =>
  new MedsslError("ERR_USAGE", message, hint === undefined ? {} : { hint });

const nothingThere = (address: string, study: string, series: string | undefined): MedsslError =>
  new MedsslError(
    "ERR_PACS_NOTHING",
    series === undefined
      ? `${address}: the study ${study} has no series with images, or is not there`
      : `${address}: the study ${study} has no series ${series}, or it holds no images`,
    { hint: "Check the UIDs; may the login see this study?" },
  );

/** By learn's measures, which need no libtorch. */
function measureBy(
  truth: string,
  { truthLabels }: Options,
  listen: RunListener,
  signal: AbortSignal,
): NonNullable<PredictOptions["measure"]> {
  return async (masks, classes) => {
    const [{ comparePredictions }, { counted, parseLabels }] = await Promise.all([
      import("@medssl/learn"),
      import("@medssl/datasets"),
    ]);
    const rule = truthLabels === undefined ? undefined : parseLabels(truthLabels);
    const listed = masks.map(({ file, path }) => ({ file, key: path }));
    const { cases, scores, problems } = await comparePredictions(listed, truth, classes, { rule, listen, signal });
    const ofFile = new Map(masks.map(({ file, name }) => [file, name]));
    return {
      scores: new Map(
        [...cases].map(([file, { classes: found }]) => [
          ofFile.get(file)!,
          new Map(found.map(({ label, dice, hd95Mm, nsd }) => [label, { dice, hd95Mm, nsd }])),
        ]),
      ),
      notes: [
        ...(problems.length > 0 ? [`${counted(problems.length, "image")} not measured: ${problems[0]!.reason}`] : []),
        ...(scores.cases.length > 0 ? (scores.notes ?? []) : []),
      ],
    };
  };
}

/** Beside a network on the processor, its threads are what counts; a graphics card waits for images. */
const usualWorkers = (device: string): number =>
  device === "cpu" ? Math.max(1, Math.floor(availableParallelism() / 4)) : Math.min(availableParallelism(), 8);

function formatList(text: string): OutputFormat[] {
  const formats = list(text);
  const unknown = formats.find((format) => !FORMATS.some((known) => known === format));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`Expected some of ${FORMATS.join(", ")}, got "${unknown}".`);
  return formats as OutputFormat[];
}

const version = (): string =>
  (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
