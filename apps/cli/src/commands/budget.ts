import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type Study } from "@medssl/contract";
import { Command, InvalidArgumentError } from "commander";
import { list } from "../option-values.ts";
import { printJson } from "../output.ts";

interface Options {
  readonly dice?: number[];
  readonly json?: true;
}

export const budgetCommand = (): Command =>
  new Command("budget")
    .description("Say how many annotated patients lead to a wished Dice, from the learning curves of a study.")
    .argument("<dir>", "folder of a study")
    .option(
      "--dice <list>",
      "wished Dice: 0.95, or 95%,96%; without it, what the arms reach and a little more",
      diceList,
    )
    .option("--json", "the result as one JSON object on stdout")
    .addHelpText(
      "after",
      "\nExamples:\n  medssl budget studies/lungs --dice 0.95\n  medssl budget studies/lungs --dice 94%,95% --json\n" +
        "\nWhat it takes, and when it says nothing: docs/annotation-budget.md.",
    )
    .action(async (dir: string, { dice, json }: Options) => {
      const study = readStudy(dir);
      const { budgetSentences, forecasts } = await import("@medssl/learn");
      const budget = forecasts(study, dice === undefined ? {} : { wishedDice: dice });
      const sentences = budgetSentences(study, budget);
      if (json) {
        // The curves of the bootstrap are for the figure. JSON has no Infinity: an open end is null.
        printJson({ ...budget, arms: budget.arms.map(({ laws: _, ...arm }) => arm), sentences });
        return;
      }
      console.log(sentences.join("\n"));
      const brackets = budget.arms.some(({ law }) => law !== undefined) ? "In brackets the middle 95%. " : "";
      console.log(
        `\n${brackets}Measured on ${study.split.testPatients} test patients; ${budget.annotated} annotated patients can be learned from already.`,
      );
    });

function diceList(text: string): number[] {
  return list(text).map((item) => {
    const value = item.endsWith("%") ? Number(item.slice(0, -1)) / 100 : Number(item);
    if (!(value > 0 && value < 1))
      throw new InvalidArgumentError("Expected Dice between 0 and 1, such as 0.95, or 95%.");
    return value;
  });
}

function readStudy(dir: string): Study {
  const path = join(dir, "study.json");
  if (!existsSync(path)) {
    throw new MedsslError("ERR_STUDY_FILE", `${dir}: expected the folder of a study, found no study.json`, {
      hint: "Give the folder that was --out of `medssl study`; it has one when its first stage is over.",
    });
  }
  let study: Partial<Study> | undefined;
  try {
    study = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // told below
  }
  if (study?.version !== 1 || !Array.isArray(study.cells)) {
    throw new MedsslError(
      "ERR_STUDY_FILE",
      `${path}: expected a study of version 1; it is damaged, or another program's`,
      {
        hint: "Give the folder that was --out of `medssl study`.",
      },
    );
  }
  if (study.cells.length === 0) {
    throw new MedsslError("ERR_STUDY_EMPTY", `${dir}: the study has no finished model yet`, {
      hint: "Run the study's command again; it goes on where it stopped.",
    });
  }
  return study as Study;
}
