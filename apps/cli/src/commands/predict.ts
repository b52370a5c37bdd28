import { availableParallelism } from "node:os";
import { MedsslError, type WeightPrecision } from "@medssl/contract";
import type { OutputFormat, PredictionReport } from "@medssl/datasets";
import { Command, InvalidArgumentError, Option } from "commander";
import { withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, list, overlapShare } from "../option-values.ts";
import { printJson } from "../output.ts";
import { PACS_HELP, withPacsOptions } from "../pacs-options.ts";
import { type ModelOptions, modelSettings, predictionModel } from "../prediction-model.ts";
import { PredictionSources, type SourceOptions } from "../prediction-sources.ts";
import { printPredictions, refusalsOf } from "../prediction-tables.ts";
import { measureBy } from "../prediction-truth.ts";
import { producer } from "../producer.ts";
import { progressListener } from "../progress.ts";

interface Options extends ModelOptions, SourceOptions {
  readonly format?: readonly OutputFormat[];
  readonly overlays: boolean;
  readonly truth?: string;
  readonly truthLabels?: string;
  readonly overwrite?: true;
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
        .option("--crop-borders", "cut black borders of pictures off first (default: as the model learned)")
        .option("--no-crop-borders", "leave them")
        .option("--native", "tiles of the image's own pixels; only for models that learned at that size")
        .option(
          "--workers <n>",
          "threads that read, and as many that write, beside the network (default: by processors)",
          integerFrom(0, 256),
        ),
    ),
  )
    .addHelpText(
      "after",
      "\nExit code 0 when something was segmented, 1 when nothing was, the PACS refused a result, or --truth fits no image;\n" +
        "what is wrong with one image is told, and the others go on.\n" +
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
        if (options.json) printJson({ isComplete: false });
        else console.log("\nInterrupted: the same command goes on where this one stopped.");
        process.exitCode = INTERRUPTED;
        return;
      }
      const isRefused = refusalsOf(report).length > 0;
      if (report.predictions.length === 0 || isRefused || report.unmeasured !== undefined) process.exitCode = 1;
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
  const { truth, truthLabels, format } = options;
  if (truth !== undefined && format?.every((one) => one.startsWith("seg"))) {
    throw new MedsslError("ERR_USAGE", "--truth: expected png or nifti among the formats: masks are what is compared");
  }
  const listen = progressListener();
  const model = await predictionModel(options);
  const { predict } = await import("@medssl/datasets");
  const sources = await PredictionSources.open(given, options, listen);
  try {
    const report = await predict({
      model,
      inputs: () => sources.fetch(signal),
      ...{ listen, signal },
      ...{ out: options.out, formats: format, hasOverlays: options.overlays },
      settings: modelSettings(options),
      producer: producer(),
      isOverwriting: options.overwrite,
      numWorkers: options.workers ?? usualWorkers(options.device),
      measure: truth === undefined ? undefined : measureBy(truth, truthLabels, listen, signal),
      archive: sources.archive,
    });
    if (report.isComplete) sources.forget();
    return report;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Beside a network on the processor, its threads are what counts; a graphics card waits for images. */
const usualWorkers = (device: string): number =>
  device === "cpu" ? Math.floor(availableParallelism() / 4) : Math.min(availableParallelism(), 8);

function formatList(text: string): OutputFormat[] {
  const formats = list(text);
  const unknown = formats.find((format) => !FORMATS.some((known) => known === format));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`Expected some of ${FORMATS.join(", ")}, got "${unknown}".`);
  return formats as OutputFormat[];
}
