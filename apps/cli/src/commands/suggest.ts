import { readFileSync } from "node:fs";
import { MedsslError } from "@medssl/contract";
import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, seed } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly encoder: string;
  readonly store: string[];
  readonly count: number;
  readonly model?: string[];
  readonly split?: string;
  readonly annotated: string;
  readonly seed: number;
  readonly out?: string;
}

export const suggestCommand = (): Command =>
  withComputeOptions(
    new Command("suggest")
      .description(
        "Say which images to annotate next: typical ones of different kinds, or those that a model is unsure of.",
      )
      .requiredOption("--encoder <run>", "folder of a pre-training run, or a file of weights")
      .requiredOption("--store <dir...>", "stores to choose from")
      .option("--count <n>", "images or volumes to suggest", integerFrom(1, 100_000), 20)
      .option(
        "--model <run...>",
        "fine-tuned models: what they are unsure of and differ on, in place of what is typical",
      )
      .option("--split <file>", "a split made by `medssl split`: its test and validation patients are never suggested")
      .option(
        "--annotated <what>",
        "masks: what has a mask; none: nothing, to try the command on annotated images; or a file with an id of an image, volume or patient in each line",
        "masks",
      )
      .option("--seed <n>", "where the clusters begin", seed, 0)
      .option(
        "--out <dir>",
        "folder for the list (CSV, JSON) and for pictures of the chosen ones beside what they stand for",
      ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl suggest --encoder runs/cxr --store stores/cxr --count 20 --out next\n" +
        "  medssl suggest --encoder runs/cxr --store stores/cxr --count 10 --model runs/lungs-a runs/lungs-b --out next\n" +
        "\nThe list names files: keep it where the images may be. How it is done and how well: docs/suggest.md.",
    )
    .action(async ({ store, model, split, annotated, out, ...options }: Options) => {
      const { openStores, readSplit } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { listed, suggest, writeSuggestions } = await import("@medssl/learn");
      const stores = openStores(store);
      const found = await interruptible((signal) =>
        suggest({
          encoder: options.encoder,
          stores,
          count: options.count,
          models: model,
          split: split === undefined ? undefined : readSplit(split),
          annotated: annotated === "masks" || annotated === "none" ? annotated : idsOf(annotated),
          seed: options.seed,
          device: options.device,
          listen: progressListener(),
          signal,
        }),
      );
      if (found === undefined) {
        process.exitCode = INTERRUPTED;
        return;
      }
      const files = out === undefined ? undefined : await writeSuggestions(out, found);
      if (options.json) {
        printJson({ ...listed(found), files });
        return;
      }
      const hasFiles = found.suggestions.some(({ file }) => file !== undefined);
      printTable(
        ["", "id", ...(hasFiles ? ["file"] : []), model === undefined ? "typicality" : "uncertainty", "reason"],
        found.suggestions.map(({ id, file, slices, score, reason }, i) => [
          i + 1,
          slices.length > 0 ? `${id} slices ${slices.join(",")}` : id,
          ...(hasFiles ? [file ?? ""] : []),
          score.toFixed(3),
          reason,
        ]),
      );
      console.log(`\n${found.suggestions.length} of ${found.open} that are not annotated; ${found.annotated} are`);
      if (files !== undefined) console.log(`pictures: ${files.html}, ${files.png}; list: ${files.csv}, ${files.json}`);
    });

/** An id in each line. */
function idsOf(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new MedsslError("ERR_SUGGEST_ANNOTATED", `${path}: cannot be read: ${(cause as Error).message}`, {
      hint: "--annotated takes masks, none, or a text file with an id in each line.",
      cause,
    });
  }
  return [
    ...new Set(
      text
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ),
  ];
}
