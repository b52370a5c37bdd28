import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MedsslError } from "@medssl/contract";
import { Command, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { percent, seed } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";

interface Options extends ComputeOptions {
  readonly store: string;
  readonly split?: string;
  readonly labels: number;
  readonly draw: number;
  readonly budget?: "compact" | "full";
  readonly recipe: string;
  readonly out?: string;
}

export const planCommand = (): Command =>
  withComputeOptions(
    new Command("plan")
      .description(
        "Shows what the self-planning U-Net (--head auto-unet) finds in labelled images, and what it plans by nnU-Net's rules.",
      )
      .requiredOption("--store <dir>", "store of images with masks")
      .option(
        "--split <file>",
        "plan by its training patients alone (default: split.json in the store, if there is one)",
      )
      .option("--labels <percent>", "share of the training patients whose labels are used", percent, 100)
      .option("--draw <n>", "which random draw of these patients", seed, 0)
      .addOption(
        new Option("--budget <name>", "full: for a GPU; compact: for a CPU (default: by --device)").choices([
          "compact",
          "full",
        ]),
      )
      .option(
        "--recipe <name>",
        "what the plan leaves as it is: organs, vessels, lesions, slices, or a .json file of your own",
        "organs",
      )
      .option("--out <file>", "writes the planned recipe, to be edited and used: finetune --recipe FILE.json"),
  )
    .addHelpText(
      "after",
      `
Examples:
  medssl plan --store stores/lungs
  medssl plan --store stores/lungs --labels 10% --budget full --json
  medssl plan --store stores/lungs --out lungs-unet.json
  medssl finetune --store stores/lungs --encoder none --recipe lungs-unet.json --out runs/lungs-unet`,
    )
    .action(async (options: Options) => {
      const { finetuneSchema, parseRecipe } = await import("@medssl/contract");
      const { casesOfPatients, drawPatients, openStore, readSplit } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { loadRecipe, planRecipe } = await import("@medssl/learn");
      const store = openStore(options.store);
      const usual = join(store.dir, "split.json");
      const splitFile = options.split ?? (existsSync(usual) ? usual : undefined);
      if (splitFile === undefined && options.labels < 100) {
        throw new MedsslError("ERR_SPLIT_MISSING", "A share of the labels needs a split that says whose they are.", {
          hint: `Make one: medssl split --store ${options.store} --out ${usual}`,
        });
      }
      const labelled = store.cases.filter(({ hasMask }) => hasMask);
      const cases =
        splitFile === undefined
          ? labelled
          : casesOfPatients(labelled, drawPatients(readSplit(splitFile), options.labels, options.draw));
      const recipe = parseRecipe(finetuneSchema, {
        ...loadRecipe("finetune", options.recipe),
        head: "auto-unet",
        planBudget: options.budget ?? "device",
      });
      const { fingerprint, budget, plan, text } = planRecipe({
        selections: [{ store, cases }],
        recipe,
        device: options.device,
      });
      if (options.out !== undefined) {
        writeFileSync(options.out, `${JSON.stringify({ about: text, ...recipe, ...plan }, undefined, 2)}\n`);
      }
      if (options.json) {
        printJson({ fingerprint, budget, plan });
        return;
      }
      const { images, patients, width, height, kind, spacingMm, foreground, structures } = fingerprint;
      const spacing = spacingMm === null ? "of unknown spacing" : `of ${spacingMm.toFixed(3)} mm`;
      console.log(`${images} images (${kind}) of ${patients} patients, ${width}x${height} pixels ${spacing}`);
      const [low, mean, high] = [foreground.low, foreground.mean, foreground.high].map((gray) => gray.toFixed(3));
      console.log(`structures' grey values ${low} to ${high}, mean ${mean}, deviation ${foreground.std.toFixed(3)}\n`);
      printTable(
        ["structure", "share of pixels", "images", "width in pixels"],
        structures.map((one) => [one.name, `${(100 * one.share).toFixed(2)}%`, one.images, one.widthPx.toFixed(1)]),
      );
      console.log(`\n${text}`);
      const { augmentation, inference } = plan;
      printTable(
        ["setting", "planned"],
        [
          ["optimizer", `${plan.optimizer}, learning rate ${plan.learningRate}, ${plan.schedule}`],
          ["loss", `Dice + cross-entropy, each coarser level at ${plan.loss.deepSupervision} of the next finer one`],
          ["crops", `${augmentation.areaMin.toFixed(2)} to ${augmentation.areaMax.toFixed(2)} of the image's area`],
          ["on a structure", `${100 * plan.foregroundShare}% of the crops`],
          ["mirrored", augmentation.flip ? "yes: anatomy has no sides here" : "no: anatomy has sides"],
          ["inference", `tiles of ${plan.inputSize}, overlap ${inference.tileOverlap}, flips ${inference.flips}`],
        ],
      );
      if (options.out !== undefined) console.log(`\n${options.out}: the recipe, for finetune --recipe`);
    });
