import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom } from "../option-values.ts";
import { printJson } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly cases: number;
  readonly out: string;
}

/** What fits into ten minutes on two cores. */
const MATRIX = { arms: ["unet", "scratch@vit", "mim+acl@vit", "mim+acl"], fractions: [1], draws: 3 };
/** As pictures of which nobody says what they are, but known to be X-rays. */
const STORED = { modality: "xray", width: 192, height: 192, fit: "squash" } as const;
const SETTINGS = { pretrain: { steps: 300, learningRate: 2e-3 }, finetune: { steps: 120 } };

export const quickstartCommand = (): Command =>
  withComputeOptions(
    new Command("quickstart")
      .description("The whole way on made-up chest X-rays: phantoms, pre-training, a small study, a report.")
      .option("--cases <n>", "phantom patients", integerFrom(10, 100_000), 360)
      .option("--out <dir>", "folder of everything that is made", "report"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  medssl quickstart\n  medssl quickstart --out elsewhere      a second run goes on where the first one stopped",
    )
    .action(async (options: Options) => {
      const startMs = performance.now();
      const { finetuneSchema, parseRecipe, pretrainSchema } = await import("@medssl/contract");
      const { ingest, openStore, parseLabels, writePhantoms } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { runStudy, studyTable } = await import("@medssl/learn");
      const dir = resolve(options.out);
      const [phantoms, store] = [join(dir, "phantoms"), join(dir, "store")];
      const listen = progressListener();
      const result = await interruptible(async (signal) => {
        const made = await writePhantoms(
          { dir: phantoms, task: "lungs", cases: options.cases, seed: 1 },
          listen,
          signal,
        );
        if (!made.isComplete) return undefined;
        await ingest([phantoms], { store, labels: parseLabels("lungs"), ...STORED }, listen, signal);
        if (signal.aborted) return undefined;
        return runStudy({
          title: "Quickstart: lungs in made-up chest X-rays",
          command: "npm run quickstart",
          labeled: [openStore(store)],
          unlabeled: [],
          dir,
          ...MATRIX,
          head: "hybrid",
          pretrain: parseRecipe(pretrainSchema, SETTINGS.pretrain),
          finetune: parseRecipe(finetuneSchema, SETTINGS.finetune),
          seed: 0,
          testFraction: 0.2,
          device: options.device,
          listen,
          signal,
          omitted: omitted(relative(".", store)),
        });
      });
      if (result === undefined || !result.isComplete) {
        process.exitCode = INTERRUPTED;
        console.error("Stopped. Run the same command again to go on.");
        return;
      }
      if (options.json) {
        printJson(result.study);
        return;
      }
      const minutes = (performance.now() - startMs) / 60_000;
      console.log(
        `\n${studyTable(result.study)}\n\n${result.study.omitted}\n\nDone in ${minutes.toFixed(1)} minutes. Report: ${relative(".", result.report)}`,
      );
    });

function omitted(store: string): string {
  return (
    `To fit into ten minutes this study ran ${MATRIX.arms.length} arms with ${MATRIX.fractions.join(", ")}% of the labels and ${MATRIX.draws} draws, ` +
    `pre-training for ${SETTINGS.pretrain.steps} steps. The full matrix: ` +
    `npx medssl study --store ${store} --arms unet,scratch@vit,mim@vit,mim+acl@vit,scratch,mim+acl --out studies/full`
  );
}
