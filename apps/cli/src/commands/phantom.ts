import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import type { PhantomTask } from "@medssl/datasets";
import { Command, InvalidArgumentError, Option } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, seed } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly task?: PhantomTask;
  readonly mimic?: "table1";
  readonly scale: number;
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
        " heart's chambers (cardiac) and of livers with tumors (liver), fundus photographs (vessels). Or miniatures of" +
        " published archives, in their own layouts on disk.",
    )
    .addOption(new Option("--task <task>", "what to make").choices(TASKS))
    .addOption(
      new Option("--mimic <archives>", "table1: CheXpert, MIMIC-CXR-JPG, DeepLesion and AMOS22, made of phantoms")
        .choices(["table1"])
        .conflicts(["task", "cases", "size"]),
    )
    .addOption(
      new Option("--scale <share>", "of the archives' 850,324 images, 0.0001 to 1").argParser(scale).default(0.01),
    )
    .option(
      "--cases <n>",
      "number of patients; each has 1 X-ray, 1 to 3 slices, or 2 eyes",
      integerFrom(1, 100_000),
      100,
    )
    .option("--seed <n>", "another seed gives other patients", seed, 0)
    .option("--size <pixels>", "width and height", integerFrom(64, 1024), 256)
    .requiredOption("--out <dir>", "folder for images/, masks/ and cases.csv, or for the archives; made when missing")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
The same settings give the same files. A mask's values are label indices: see the table for their names.

Examples:
  medssl phantom --task lungs --cases 400 --seed 1 --out phantoms/lungs
  medssl phantom --task liver --cases 50 --size 512 --out phantoms/liver
  medssl ingest phantoms/lungs --store stores/lungs --labels lungs
  medssl phantom --mimic table1 --scale 0.01 --out miniatures`,
    )
    .action(async ({ task, mimic, ...options }: Options) => {
      if (task !== undefined) await makeTask({ ...options, task });
      else if (mimic !== undefined) await makeMiniatures(options);
      else {
        throw new MedsslError("ERR_PHANTOM_KIND", "expected --task or --mimic, got neither", {
          hint: `--task ${TASKS.join(", ")}, or --mimic table1.`,
        });
      }
    });

async function makeTask({ task, cases, size, seed, out, json }: Options & { readonly task: PhantomTask }) {
  const { phantomLabels, writePhantoms } = await import("@medssl/datasets");
  const summary = await interruptible((signal) =>
    writePhantoms({ dir: out, task, cases, seed, size }, progressListener(), signal),
  );
  const labels = phantomLabels(task);
  const names = labels.map(({ name }) => name).join(",");
  const channel = task === "vessels" ? " --channel green" : "";
  if (json) printJson({ task, seed, size, out, ...summary, labels });
  else {
    const shown = labels.map(({ value, name }) => `${value} ${name}`).join(", ");
    printTable(
      ["task", "patients", "images", "size", "labels", "seconds"],
      [[task, summary.patients, summary.images, size, shown, summary.seconds.toFixed(1)]],
    );
    if (summary.isComplete) console.log(`\nnext: medssl ingest ${out} --store DIR${channel} --labels "${names}"`);
    else console.log("\nInterrupted: the same command makes the folder anew.");
  }
  if (!summary.isComplete) process.exitCode = INTERRUPTED;
}

async function makeMiniatures({ scale, seed, out, json }: Options) {
  const { writeTable1 } = await import("@medssl/datasets");
  const summary = await interruptible((signal) => writeTable1({ dir: out, scale, seed }, progressListener(), signal));
  if (json) printJson({ mimic: "table1", scale, seed, out, ...summary });
  else {
    printTable(
      ["archive", "folder", "patients", "images"],
      summary.archives.map(({ name, folder, patients, images }) => [name, folder, patients, images]),
    );
    console.log(`\n${summary.images} images in ${summary.seconds.toFixed(1)} s`);
    const folders = summary.archives.map(({ folder }) => join(out, folder)).join(" ");
    if (summary.isComplete) console.log(`next: medssl ingest ${folders} --store DIR`);
    else console.log("Interrupted: the same command goes on where this one stopped.");
  }
  if (!summary.isComplete) process.exitCode = INTERRUPTED;
}

function scale(text: string): number {
  const value = Number(text);
  if (!(value >= 0.0001 && value <= 1)) throw new InvalidArgumentError("Expected a number from 0.0001 to 1.");
  return value;
}
