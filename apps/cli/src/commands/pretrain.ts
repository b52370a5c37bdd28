import { Command } from "commander";
import { type ComputeOptions, joinOthers, prepareCompute, withComputeOptions } from "../compute-options.ts";
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
  readonly init?: string;
  readonly probe?: string[];
}

export const pretrainCommand = (): Command =>
  withComputeOptions(
    new Command("pretrain")
      .description("Pre-train a ViT on unlabelled images by masked image modelling and anatomical contrast.")
      .requiredOption("--store <dir...>", "stores of images; masks in them are not looked at")
      .requiredOption("--out <run>", "folder of the run")
      .option("--recipe <name>", "tiny, tiny-60, vit-b16, ... or a .json file of your own: docs/recipes.md", "tiny")
      .option("--set <field=value>", "changes a setting of the recipe; repeatable", collected)
      .option(
        "--init <weights>",
        "start from a file of weights (.pth, .safetensors) or from a run, and its ViT's shape",
      )
      .option("--probe <dir...>", "stores with masks: a few-shot Dice every few epochs")
      .option("--resume", "go on from the last checkpoint, if there is one")
      .option("--time-limit <time>", "ends with a checkpoint before this: 55m, 11h30m, 90s, 11:30:00", durationSeconds),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl pretrain --store stores/cxr --out runs/cxr\n" +
        "  medssl pretrain --store stores/a stores/b --set method=mim --set steps=1200 --out runs/mim\n" +
        "  medssl pretrain --store stores/cxr --out runs/cxr --resume      after Ctrl-C\n" +
        "  medssl pretrain --store stores/cxr --init mae_pretrain_vit_base.pth --recipe vit-b16 --probe stores/lungs --out runs/b16\n" +
        "  torchrun --no-python --nproc-per-node 8 medssl pretrain --device cuda --recipe vit-b16-x8 --store stores/cxr --out runs/x8",
    )
    .action(async (options: Options) => {
      const { parseRecipe, pretrainSchema, withSettings } = await import("@medssl/contract");
      const { openStores } = await import("@medssl/datasets");
      await prepareCompute(options);
      const group = await joinOthers(options.device);
      const { loadRecipe, pretrain } = await import("@medssl/learn");
      const settings = withSettings(loadRecipe("pretrain", options.recipe), options.set ?? []);
      const recipe = parseRecipe(pretrainSchema, settings);
      const select = (dirs: readonly string[]) => openStores(dirs).map((store) => ({ store, cases: store.cases }));
      const isFirst = group === undefined || group.rank === 0;
      let isInterrupted = false;
      const run = await interruptible((signal) =>
        pretrain({
          name: `pre-train ${recipe.method}`,
          selections: select(options.store),
          probe: options.probe === undefined ? undefined : select(options.probe),
          init: options.init,
          recipe,
          dir: options.out,
          isResumed: options.resume ?? false,
          device: group?.device ?? options.device,
          group,
          listen: isFirst ? progressListener() : () => {},
          signal,
          timeLimitSeconds: options.timeLimit,
        }).finally(() => {
          isInterrupted = signal.aborted;
        }),
      );
      group?.leave();
      if (!isFirst) return;
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
              `${run.step}/${recipe.steps}`,
              Number((run.seconds / 60).toPrecision(2)),
              run.isComplete ? "yes" : "no",
            ],
          ],
        );
        if (run.isComplete) {
          console.log(`\nLook at it: ${options.out}/reconstructions.png, ${options.out}/health.json`);
          console.log(`Use it:     medssl finetune --store STORE --encoder ${options.out} --out RUN`);
        }
      }
    });
