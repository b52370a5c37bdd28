import { writeFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import type { MetricChoice } from "@medssl/learn";
import { Command, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { millimetres, spacing } from "../option-values.ts";
import { printJson } from "../output.ts";
import { progressListener } from "../progress.ts";
import { printCases, printScores } from "../score-tables.ts";

interface Options extends ComputeOptions {
  readonly model?: string;
  readonly store?: string;
  readonly on: "held-out" | "all";
  readonly labels?: string;
  readonly tolerance?: number;
  readonly spacing?: MetricChoice["assumedSpacing"];
  readonly clDice: "none" | "pictures" | "all";
  readonly cases?: boolean;
  readonly csv?: string;
}

export const evaluateCommand = (): Command =>
  withComputeOptions(
    new Command("evaluate")
      .description(
        "Measures a fine-tuned network on images with masks, or the masks of any program against references:" +
          " Dice, IoU, HD95, ASSD, NSD, clDice, sensitivity, precision, lesions, volumes (docs/metrics.md)." +
          " The slices of a volume are one case.",
      )
      .argument("[predictions]", "folder of masks (or one mask) that a program has made: PNG, NIfTI, ...")
      .argument("[references]", "folder of the true ones, with the same names")
      .option("--model <run>", "folder of a fine-tuning run")
      .option("--store <dir>", "store of images with masks")
      .addOption(
        new Option(
          "--on <part>",
          "held-out: the patients that the run's split kept for testing; all: every image with a mask, for a store that the run never saw",
        )
          .choices(["held-out", "all"])
          .default("held-out"),
      )
      .option("--labels <names>", "of two folders: what the values mean, NAME=VALUE,...; told from the references")
      .option("--tolerance <mm>", "of the NSD (default: 2)", millimetres)
      .option(
        "--spacing <mm>",
        "size of a voxel where nothing says it: one number, y,x or z,y,x; 1 measures in pixels",
        spacing,
      )
      .addOption(
        new Option("--cl-dice <what>", "what clDice is measured of; large volumes take seconds each")
          .choices(["none", "pictures", "all"])
          .default("pictures"),
      )
      .option("--cases", "a line for each case, worst first")
      .option("--csv <file>", "writes all numbers, a row for each class of each case"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl evaluate --model runs/lungs-10 --store stores/lungs\n" +
        "  medssl evaluate --model runs/lungs-10 --store stores/other-hospital --on all --json\n" +
        "  medssl evaluate nnunet/out labelsTs --labels liver=1,tumor=2 --tolerance 3 --csv scores.csv\n" +
        "  medssl evaluate out/masks truth --labels vessels=255 --spacing 1",
    )
    .action(async (predictions: string | undefined, references: string | undefined, options: Options) => {
      const form = evaluationForm([predictions, references], options.model, options.store);
      const metrics: MetricChoice = {
        toleranceMm: options.tolerance,
        clDice: options.clDice,
        assumedSpacing: options.spacing,
      };
      if (form === "masks") await evaluateMasks(predictions!, references!, metrics, options);
      else await evaluateStore(options.model!, options.store!, metrics, options);
    });

async function evaluateStore(model: string, dir: string, metrics: MetricChoice, options: Options): Promise<void> {
  const { openStore } = await import("@medssl/datasets");
  await prepareCompute(options);
  const { evaluateRun, scoresCsv } = await import("@medssl/learn");
  const store = openStore(dir);
  const evaluation = await interruptible((signal) =>
    evaluateRun({
      dir: model,
      stores: [store],
      on: options.on,
      device: options.device,
      metrics,
      listen: progressListener(),
      signal,
    }),
  );
  if (evaluation === undefined) {
    process.exitCode = INTERRUPTED;
    return;
  }
  const { scores, set } = evaluation;
  if (options.csv !== undefined) writeFileSync(options.csv, scoresCsv(scores));
  if (options.json) {
    printJson({ model, store: dir, ...scores });
    return;
  }
  printScores(scores);
  const patients = new Set(scores.cases.map(({ patient }) => patient)).size;
  console.log(`\n${scores.cases.length} cases (${set.count} images) of ${patients} patients`);
  if (options.cases) printCases(scores);
}

async function evaluateMasks(
  predictions: string,
  references: string,
  metrics: MetricChoice,
  options: Options,
): Promise<void> {
  const { parseLabels } = await import("@medssl/datasets");
  const { compareMasks, scoresCsv } = await import("@medssl/learn");
  const rule = options.labels === undefined ? undefined : parseLabels(options.labels);
  const { scores, problems, labels, isComplete } = await interruptible((signal) =>
    compareMasks(predictions, references, { ...metrics, rule, listen: progressListener(), signal }),
  );
  const isMeasured = scores.cases.length > 0;
  if (options.csv !== undefined && isMeasured) writeFileSync(options.csv, scoresCsv(scores));
  if (options.json) {
    printJson({ predictions, references, labels, ...scores, problems });
  } else {
    if (isMeasured) {
      printScores(scores);
      console.log(`\n${scores.cases.length} pairs; labels ${labels.map(({ name }) => name).join(", ")}`);
      if (options.cases) printCases(scores);
    }
    if (problems.length > 0) console.log(`\n${problems.length} not measured`);
    for (const { file, reason } of problems) console.log(`  ${reason.includes(file) ? reason : `${file}: ${reason}`}`);
    if (!isMeasured && isComplete) console.log("\nNothing could be measured.");
  }
  if (!isComplete) process.exitCode = INTERRUPTED;
  else if (!isMeasured) process.exitCode = 1;
}

/** What `evaluate` is called with: a model and a store, or two folders of masks. */
function evaluationForm(
  folders: readonly (string | undefined)[],
  model: string | undefined,
  store: string | undefined,
): "store" | "masks" {
  const [isStore, isMasks] = [model !== undefined && store !== undefined, folders.every((one) => one !== undefined)];
  const isMixed = (model ?? store) !== undefined && folders.some((one) => one !== undefined);
  if (!isMixed && isStore) return "store";
  if (!isMixed && isMasks) return "masks";
  throw new MedsslError("ERR_USAGE", "evaluate: expected a model with a store, or two folders of masks", {
    hint: "medssl evaluate --model RUN --store DIR, or medssl evaluate PREDICTIONS REFERENCES",
  });
}
