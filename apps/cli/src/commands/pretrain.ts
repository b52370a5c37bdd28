import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { collected, durationSeconds } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly store: string[];
  readonly recipe: string;
  readonly set?: string[];
  readonly out: string;
  readonly resume?: boolean;
  readonly timeLimit?: number;
}

export const pretrainCommand = (): Command =>
  withComputeOptions(
    new Command("pretrain")
      .description("Pre-train a ViT on unlabelled images by masked image modelling and anatomical contrast.")
      .requiredOption("--store <dir...>", "stores of images; masks in them are not looked at")
      .requiredOption("--out <run>", "folder of the run")
      .option("--recipe <name>", "a named recipe, or a .json file of your own", "tiny")
      .option("--set <field=value>", "changes a setting of the recipe; repeatable", collected)
      .option("--resume", "go on from the last checkpoint, if there is one")
      .option("--time-limit <time>", "ends with a checkpoint before this: 55m, 11h30m, 90s", durationSeconds),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl pretrain --store stores/cxr --out runs/cxr\n" +
        "  medssl pretrain --store stores/a stores/b --set method=mim --set steps=1200 --out runs/mim\n" +
        "  medssl pretrain --store stores/cxr --out runs/cxr --resume      after Ctrl-C",
    )
    .action(async (options: Options) => {
      const { parseRecipe, pretrainSchema, withSettings } = await import("@medssl/contract");
      const { openStores } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { loadRecipe, pretrain } = await import("@medssl/learn");
      const settings = withSettings(loadRecipe("pretrain", options.recipe), options.set ?? []);
      const recipe = parseRecipe(pretrainSchema, settings);
      const selections = openStores(options.store).map((store) => ({ store, cases: store.cases }));
      let isInterrupted = false;
      const run = await interruptible((signal) =>
        pretrain({
          name: `pre-train ${recipe.method}`,
          selections,
          recipe,
          dir: options.out,
          isResumed: options.resume ?? false,
          device: options.device,
          listen: progressListener(),
          signal,
          timeLimitSeconds: options.timeLimit,
        }).finally(() => {
          isInterrupted = signal.aborted;
        }),
      );
      if (isInterrupted && !run.isComplete) process.exitCode = INTERRUPTED;
      if (!run.isComplete) console.error(`Stopped with a checkpoint. The same command with --resume goes on.`);
      if (options.json) printJson({ run: options.out, ...run });
      else {
        printTable(
          ["run", "method", "images", "steps", "minutes", "complete"],
          [
            [
              options.out,
              recipe.method,
              run.images,
              recipe.steps,
              Number((run.seconds / 60).toFixed(1)),
              run.isComplete ? "yes" : "no",
            ],
          ],
        );
      }
    });
