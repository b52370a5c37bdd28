import { Command, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly store: string;
  readonly on: "held-out" | "all";
  readonly cases?: boolean;
}

export const evaluateCommand = (): Command =>
  withComputeOptions(
    new Command("evaluate")
      .description("Measure a fine-tuned network on images with masks: Dice and IoU by class and by case.")
      .requiredOption("--model <run>", "folder of a fine-tuning run")
      .requiredOption("--store <dir>", "store of images with masks")
      .addOption(
        new Option(
          "--on <part>",
          "held-out: the patients that the run's split kept for testing; all: every image with a mask, for a store that the run never saw",
        )
          .choices(["held-out", "all"])
          .default("held-out"),
      )
      .option("--cases", "a line for each image, worst first"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl evaluate --model runs/lungs-10 --store stores/lungs\n" +
        "  medssl evaluate --model runs/lungs-10 --store stores/other-hospital --on all --json",
    )
    .action(async (options: Options) => {
      const { openStore } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { evaluateRun } = await import("@medssl/learn");
      const store = openStore(options.store);
      const evaluation = await interruptible((signal) =>
        evaluateRun({
          dir: options.model,
          stores: [store],
          on: options.on,
          device: options.device,
          listen: progressListener(),
          signal,
        }),
      );
      if (evaluation === undefined) {
        process.exitCode = INTERRUPTED;
        return;
      }
      const { scores } = evaluation;
      if (options.json) {
        printJson({ model: options.model, store: options.store, ...scores });
        return;
      }
      const points = (value: number) => (100 * value).toFixed(1);
      const rows = scores.classes.map(({ label, dice, iou }) => [label, points(dice), points(iou)]);
      printTable(["class", "Dice %", "IoU %"], [...rows, ["mean", points(scores.dice), points(scores.iou)]]);
      console.log(
        `\n${scores.cases.length} images of ${new Set(scores.cases.map(({ patient }) => patient)).size} patients`,
      );
      if (options.cases) {
        const worstFirst = scores.cases.toSorted((a, b) => a.dice - b.dice);
        console.log("");
        printTable(
          ["case", "patient", "Dice %", "IoU %"],
          worstFirst.map((c) => [c.case, c.patient, points(c.dice), points(c.iou)]),
        );
      }
    });
