import type { PhantomTask } from "@medssl/datasets";
import { Command, Option } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, seed } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly task: PhantomTask;
  readonly cases: number;
  readonly seed: number;
  readonly size: number;
  readonly out: string;
  readonly json?: true;
}

const TASKS: readonly PhantomTask[] = ["lungs", "cardiac", "liver", "vessels"];

export const phantomCommand = (): Command =>
  new Command("phantom")
    .description(
      "Makes phantoms with exact masks, procedural, seeded and free of licences: chest X-rays (lungs), CT slices of the" +
        " heart's chambers (cardiac) and of livers with tumors (liver), fundus photographs (vessels).",
    )
    .addOption(new Option("--task <task>", "what to make").choices(TASKS).makeOptionMandatory())
    .option(
      "--cases <n>",
      "number of patients; each has 1 X-ray, 1 to 3 slices, or 2 eyes",
      integerFrom(1, 100_000),
      100,
    )
    .option("--seed <n>", "another seed gives other patients", seed, 0)
    .option("--size <pixels>", "width and height", integerFrom(64, 1024), 256)
    .requiredOption("--out <dir>", "folder for images/, masks/ and cases.csv; made when missing")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
The same settings give the same files. A mask's values are label indices: see the table for their names.

Examples:
  medssl phantom --task lungs --cases 400 --seed 1 --out phantoms/lungs
  medssl phantom --task liver --cases 50 --size 512 --out phantoms/liver
  medssl ingest phantoms/lungs --store stores/lungs --labels lungs`,
    )
    .action(async ({ cases, json, ...options }: Options) => {
      const { phantomLabels, writePhantoms } = await import("@medssl/datasets");
      const summary = await interruptible((signal) =>
        writePhantoms({ dir: options.out, cases, ...options }, progressListener(), signal),
      );
      const labels = phantomLabels(options.task);
      const names = labels.map(({ name }) => name).join(",");
      const channel = options.task === "vessels" ? " --channel green" : "";
      if (json) printJson({ ...options, ...summary, labels });
      else {
        printTable(
          ["task", "patients", "images", "size", "labels", "seconds"],
          [
            [
              options.task,
              summary.patients,
              summary.images,
              options.size,
              labels.map(({ value, name }) => `${value} ${name}`).join(", "),
              summary.seconds.toFixed(1),
            ],
          ],
        );
        if (summary.isComplete)
          console.log(`\nnext: medssl ingest ${options.out} --store DIR${channel} --labels "${names}"`);
        else console.log("\nInterrupted: the same command makes the folder anew.");
      }
      if (!summary.isComplete) process.exitCode = INTERRUPTED;
    });
