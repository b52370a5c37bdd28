import { resolve } from "node:path";
import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import {
  collected,
  integerFrom,
  list,
  namedPath,
  percentList,
  seed,
  share,
  shellLine,
  stageSettings,
} from "../option-values.ts";
import { printJson } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly store: string[];
  readonly unlabelled?: string[];
  readonly fractions: number[];
  readonly draws: number;
  readonly arms: string[];
  readonly weights?: Readonly<Record<string, string>>;
  readonly head: string;
  readonly pretrain: string;
  readonly finetune: string;
  readonly set?: string[];
  readonly seed: number;
  readonly testFraction: number;
  readonly split?: string;
  readonly allowLeaks?: true;
  readonly jobs?: number;
  readonly title?: string;
  readonly out: string;
}

export const studyCommand = (): Command =>
  withComputeOptions(
    new Command("study")
      .description(
        "Run a label-efficiency study: every arm with every share of the labels, measured on held-out patients.",
      )
      .requiredOption("--store <dir...>", "stores of images with masks, joined")
      .requiredOption("--out <dir>", "folder of the study; a second run goes on where the first one stopped")
      .option("--unlabelled <dir...>", "more images for pre-training; the training images of --store are always in")
      .option("--fractions <list>", "percent of the training patients", percentList, [1, 5, 10, 100])
      .option("--draws <n>", "random draws of the patients for each share; one at 100", integerFrom(1, 1000), 3)
      .option(
        "--arms <list>",
        "unet, auto-unet, scratch, mim, mim+acl, simclr, swin-proxies, imported:NAME, weights=PATH; scratch@vit names a head, semi:mim+acl adds the unlabelled images",
        list,
        ["unet", "scratch", "mim", "mim+acl"],
      )
      .option("--weights <name=path>", "weights of the arm imported:NAME; repeatable", namedPath)
      .option("--head <head>", "network of the arms that name none", "hybrid")
      .option("--pretrain <name>", "recipe of pre-training", "tiny")
      .option("--finetune <name>", "recipe of fine-tuning", "organs")
      .option(
        "--set <stage.field=value>",
        "changes a setting: pretrain.steps=350, finetune.steps=200; repeatable",
        collected,
      )
      .option("--seed <n>", "seed of the split", seed, 0)
      .option("--test-fraction <f>", "share of the patients held out", share, 0.2)
      .option("--split <file>", "a split made by `medssl split`, in place of --seed and --test-fraction")
      .option("--allow-leaks", "measures though pictures of test patients are learned from; the report says so in red")
      .option(
        "--jobs <n>",
        "runs at once, each in a process of its own; --device cuda:0,cuda:1 takes turns",
        integerFrom(1, 256),
      )
      .option("--title <text>", "title of the report"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl study --store stores/lungs --unlabelled stores/cxr --out studies/lungs\n" +
        "  medssl study --store stores/lungs --fractions 1,10 --draws 2 --arms unet,scratch@vit,mim+acl@vit,mim+acl --out studies/heads\n" +
        "  medssl study --store stores/lungs --jobs 8 --device cuda:0,cuda:1,cuda:2,cuda:3 --out studies/lungs\n" +
        "  medssl study --store stores/lungs --arms scratch,mim+acl,imported:mae --weights mae=mae_vit_base.pth --out studies/mae\n" +
        "  medssl study --store stores/retina --pretrain vessels --finetune vessels --out studies/retina",
    )
    .action(async (options: Options) => {
      const { finetuneSchema, MedsslError, parseRecipe, pretrainSchema } = await import("@medssl/contract");
      const { openStores, readSplit } = await import("@medssl/datasets");
      const devices = list(options.device);
      await prepareCompute({ ...options, device: devices[0]! });
      const { loadRecipe, runStudy, studyHeads, studyTable } = await import("@medssl/learn");
      const head = studyHeads.find((one) => one === options.head);
      if (head === undefined) {
        throw new MedsslError("ERR_HEAD", `--head: expected ${studyHeads.join(", ")}, got "${options.head}"`);
      }
      const processes = options.jobs ?? (devices.length > 1 ? devices.length : undefined);
      const recipe = <Stage extends "pretrain" | "finetune">(stage: Stage) =>
        stageSettings(loadRecipe(stage, options[stage]), options.set ?? [], stage, ["pretrain", "finetune"]);
      const labeled = openStores(options.store);
      const { study, isComplete, report } = await interruptible((signal) =>
        runStudy({
          title: options.title ?? labeled.map(({ name }) => name).join(" + "),
          command: `npx medssl ${shellLine(process.argv.slice(2))}`,
          labeled,
          unlabeled: openStores(options.unlabelled ?? []).filter(
            ({ dir }) => !labeled.some((store) => store.dir === dir),
          ),
          dir: resolve(options.out),
          arms: options.arms,
          fractions: options.fractions,
          draws: options.draws,
          weights: options.weights,
          head,
          pretrain: parseRecipe(pretrainSchema, recipe("pretrain")),
          finetune: parseRecipe(finetuneSchema, recipe("finetune")),
          seed: options.seed,
          testFraction: options.testFraction,
          split: options.split === undefined ? undefined : readSplit(options.split),
          allowLeaks: options.allowLeaks,
          device: devices[0]!,
          jobs:
            processes === undefined
              ? undefined
              : { processes, devices, threads: Math.max(1, Math.floor(options.threads / processes)) },
          listen: progressListener(),
          signal,
          omitted: "",
        }),
      );
      const failed = (study.notes ?? []).filter(({ text }) => text.includes(" failed: "));
      if (!isComplete) process.exitCode = failed.length > 0 ? 1 : INTERRUPTED;
      if (options.json) printJson(study);
      else if (study.cells.length > 0) console.log(`\n${studyTable(study)}\n\nReport: ${report}`);
      for (const { text } of failed) console.error(text);
      if (!isComplete) console.error("Not complete. Run the same command again to go on.");
    });
