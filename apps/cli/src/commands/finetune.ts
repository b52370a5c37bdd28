import { existsSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, segmentationHeads } from "@medssl/contract";
import { Command, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { collected, percent, seed, share } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly store: string;
  readonly encoder: string;
  readonly head?: string;
  readonly labels: number;
  readonly draw: number;
  readonly split?: string;
  readonly recipe: string;
  readonly semi?: boolean;
  readonly unlabelled?: string[];
  readonly validation?: number;
  readonly set?: string[];
  readonly out: string;
  readonly resume?: boolean;
}

export const finetuneCommand = (): Command =>
  withComputeOptions(
    new Command("finetune")
      .description("Train a segmentation network with part of the labels, from a pre-trained encoder or from scratch.")
      .requiredOption("--store <dir>", "store of images with masks")
      .requiredOption(
        "--encoder <run>",
        "folder of a pre-training run, a file of weights (.pth, .safetensors), or none",
      )
      .requiredOption("--out <run>", "folder of the run")
      .addOption(new Option("--head <head>", "network; the recipe's by default").choices(segmentationHeads))
      .option("--labels <percent>", "share of the training patients whose labels are used", percent, 100)
      .option("--draw <n>", "which random draw of these patients", seed, 0)
      .option("--split <file>", "who is held out for testing; made if missing (default: split.json in the store)")
      .option("--recipe <name>", "organs, vessels, lesions, slices, or a .json file of your own", "organs")
      .option("--semi", "learn from the training patients whose labels are not used as well, by consistency")
      .option("--unlabelled <dir...>", "with --semi: more stores to be consistent on")
      .option("--validation <share>", "share of the labelled patients that choose the weights and when to stop", share)
      .option("--set <field=value>", "changes a setting of the recipe; repeatable", collected)
      .option("--resume", "go on from the last checkpoint"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl finetune --store stores/lungs --encoder runs/cxr --labels 10% --out runs/lungs-10\n" +
        "  medssl finetune --store stores/lungs --encoder none --head unet --labels 10% --out runs/unet-10\n" +
        "  medssl finetune --store stores/lungs --encoder runs/cxr --labels 5% --semi --unlabelled stores/cxr --out runs/lungs-semi\n" +
        "  medssl finetune --store stores/lungs --encoder mae_pretrain_vit_base.pth --labels 10% --out runs/lungs-mae\n" +
        "  medssl finetune --store stores/retina --encoder runs/retina --recipe vessels --out runs/vessels",
    )
    .action(async (options: Options) => {
      const { finetuneSchema, parseRecipe, withSettings } = await import("@medssl/contract");
      const { casesOfPatients, drawPatients, openStore, openStores, readSplit, splitStores, writeSplit } = await import(
        "@medssl/datasets"
      );
      await prepareCompute(options);
      const { consistencyPool, finetune, loadRecipe, roundedShare } = await import("@medssl/learn");
      const wishes = [
        ...(options.head === undefined ? [] : [`head=${options.head}`]),
        ...(options.semi ? ["semi.weight=1"] : []),
        ...(options.validation === undefined ? [] : [`validation.fraction=${options.validation}`]),
        ...(options.set ?? []),
      ];
      const recipe = parseRecipe(finetuneSchema, withSettings(loadRecipe("finetune", options.recipe), wishes));
      if (options.unlabelled !== undefined && recipe.semi.weight === 0) {
        throw new MedsslError("ERR_USAGE", "finetune: --unlabelled is of no use without --semi", {
          hint: "Add --semi, or leave --unlabelled out.",
        });
      }
      const store = openStore(options.store);
      const splitFile = options.split ?? join(store.dir, "split.json");
      if (!existsSync(splitFile)) {
        const how = { seed: 0, testFraction: 0.2, needsMasks: true, listen: progressListener() };
        writeSplit(splitFile, splitStores([store], how));
      }
      const split = readSplit(splitFile);
      const rounded = roundedShare(split, options.labels);
      if (rounded !== undefined) progressListener()({ type: "note", level: "warning", message: rounded });
      const patients = drawPatients(split, options.labels, options.draw);
      const run = await interruptible((signal) =>
        finetune({
          name: `fine-tune ${recipe.head}, ${options.labels}% of the labels`,
          selections: [{ store, cases: casesOfPatients(store.cases, patients) }],
          pool: consistencyPool([store, ...openStores(options.unlabelled ?? [])], split, patients),
          heldOutPatients: split.test,
          recipe,
          encoder: options.encoder === "none" ? undefined : options.encoder,
          dir: options.out,
          isResumed: options.resume ?? false,
          device: options.device,
          listen: progressListener(),
          signal,
        }),
      );
      if (!run.isComplete) process.exitCode = INTERRUPTED;
      if (options.json) printJson({ run: options.out, split: splitFile, ...run });
      else {
        printTable(
          ["run", "head", "encoder", "patients", "images", "steps", "minutes", "complete"],
          [
            [
              options.out,
              recipe.head,
              options.encoder,
              patients.length - (run.validation?.patients.length ?? 0),
              run.images,
              recipe.steps,
              Number((run.seconds / 60).toFixed(1)),
              run.isComplete ? "yes" : "no",
            ],
          ],
        );
        if (run.isComplete && run.validation !== undefined) {
          const { patients: asked, dice, step } = run.validation;
          console.log(
            `\nValidated on ${asked.length} more patients: the weights of step ${step} are kept, Dice ${(100 * dice).toFixed(1)}.`,
          );
        }
        console.log(`\nMeasure it: medssl evaluate --model ${options.out} --store ${options.store}`);
      }
    });
