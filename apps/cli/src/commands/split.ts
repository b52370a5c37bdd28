import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { MedsslError } from "@medssl/contract";
import type { Split } from "@medssl/datasets";
import { Command, InvalidArgumentError, Option } from "commander";
import { integerFrom, percentList, seed, share } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly store: string[];
  readonly out: string;
  readonly test: number;
  readonly validation: number;
  readonly seed: number;
  readonly fractions: number[];
  readonly draws: number;
  readonly source?: "official" | "seeded";
  readonly assumeIndependent?: true;
  readonly json?: true;
}

export const splitCommand = (): Command =>
  new Command("split")
    .description(
      "Decides who is learned from and who is tested on, by patient: as the data sets' authors did where they did, else by" +
        " chance, with the shares of classes and labels kept. Writes it to a file, with the draws of few labels.",
    )
    .requiredOption("--store <dir...>", "stores that are split together")
    .requiredOption("--out <file>", "the split, as JSON; finetune, study and inspect take it with --split")
    .option("--test <share>", "share of the patients held out for testing", share, 0.2)
    .option("--validation <share>", "share held out for choosing settings", shareOrNone, 0)
    .option("--seed <n>", "another seed gives another split", seed, 0)
    .option("--fractions <list>", "percent of the training patients that are drawn", percentList, [1, 5, 10, 100])
    .option("--draws <n>", "random draws of each percentage; one at 100", integerFrom(1, 1000), 3)
    .addOption(
      new Option(
        "--source <way>",
        "official: every source must have its own; seeded: by chance throughout (default: official where there is one)",
      ).choices(["official", "seeded"]),
    )
    .option("--assume-independent", "images of unknown patients are of as many patients, however alike they look")
    .option("--json", "the numbers as one JSON object on stdout")
    .addHelpText(
      "after",
      `
Patients are those with masks; all of them where no image has a mask.

Examples:
  medssl split --store stores/lungs --out lungs.json
  medssl split --store stores/lungs --out lungs.json --validation 0.1 --fractions 1,5,10 --draws 5
  medssl split --store stores/montgomery --store stores/shenzhen --source seeded --seed 7 --out films.json`,
    )
    .action(async (options: Options) => {
      const { openStores, splitStores, writeSplit } = await import("@medssl/datasets");
      const split = splitStores(openStores(options.store), {
        seed: options.seed,
        testFraction: options.test,
        validationFraction: options.validation,
        fractions: options.fractions,
        draws: options.draws,
        way: options.source,
        assumeIndependent: options.assumeIndependent ?? false,
        listen: progressListener(),
      });
      keepOther(options.out, split);
      mkdirSync(dirname(options.out), { recursive: true });
      writeSplit(options.out, split);
      if (options.json) printJson(summaryOf(options.out, split));
      else printSplit(options.out, split);
    });

/** A split that results were measured with must not be lost to another one of the same name. */
function keepOther(file: string, split: Split): void {
  if (!existsSync(file) || readFileSync(file, "utf8") === `${JSON.stringify(split, null, 2)}\n`) return;
  throw new MedsslError("ERR_SPLIT_EXISTS", `${file}: another file is there, and it is not this split`, {
    hint: "Give another --out, or move the file away.",
  });
}

/** The file without its lists of patients. */
function summaryOf(file: string, { train, validation, test, draws, ...rest }: Split) {
  return {
    file,
    ...rest,
    patients: { train: train.length, validation: validation.length, test: test.length },
    draws: draws.map(({ patients, ...draw }) => ({ ...draw, patients: patients.length })),
  };
}

function printSplit(file: string, split: Split): void {
  printTable(
    ["source", "by", "train", "validation", "test"],
    [
      ...split.sources.map(({ name, way, train, validation, test }) => [name, way, train, validation, test]),
      ...(split.sources.length > 1
        ? [["all", "", split.train.length, split.validation.length, split.test.length]]
        : []),
    ],
  );
  for (const { name, note } of split.sources) if (note !== undefined) console.log(`\n${name}: ${note}`);
  if (split.labels.length > 0) {
    console.log("\npatients whose masks show a label");
    printTable(
      ["label", "train", "validation", "test"],
      split.labels.map(({ name, train, validation, test }) => [name, train, validation, test]),
    );
  }
  const draws = Map.groupBy(split.draws, ({ percent }) => percent);
  const drawn = [...draws].map(
    ([percent, list]) => `${percent}%: ${list[0]!.patients.length}${list.length > 1 ? ` (${list.length} draws)` : ""}`,
  );
  console.log(`\ntraining patients drawn  ${drawn.join(", ")}`);
  if (split.isIndependenceAssumed) console.log("Images of unknown patients were taken for images of as many patients.");
  console.log(`\n${file}: seed ${split.seed}. Check it: medssl inspect STORE... --split ${file}`);
}

function shareOrNone(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1) || text.trim() === "")
    throw new InvalidArgumentError("Expected a number from 0 to below 1.");
  return value;
}
