import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly out: string;
}

export const predictCommand = (): Command =>
  withComputeOptions(
    new Command("predict")
      .description("Segment images: a mask and an overlay for each, at the image's own size.")
      .argument("<INPUT...>", "images, or folders of images")
      .requiredOption("--model <run>", "folder of a fine-tuning run")
      .requiredOption("--out <dir>", "folder for masks/, overlays/ and predictions.csv"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl predict --model runs/lungs-10 new-images/ --out predictions\n" +
        "  medssl predict --model runs/lungs-10 a.png b.jpg --out predictions --json",
    )
    .action(async (inputs: string[], options: Options) => {
      await prepareCompute(options);
      const { predict } = await import("@medssl/learn");
      const result = await interruptible((signal) =>
        predict({
          dir: options.model,
          inputs,
          out: options.out,
          device: options.device,
          listen: progressListener(),
          signal,
        }),
      );
      if (!result.isComplete) process.exitCode = INTERRUPTED;
      if (result.predictions.length === 0) process.exitCode = 1;
      if (options.json) {
        printJson(result);
        return;
      }
      const labels = result.labels.map(({ name }) => name);
      printTable(
        ["image", ...labels.map((name) => `${name} %`)],
        result.predictions.map(({ file, shares }) => [file, ...labels.map((name) => (100 * shares[name]!).toFixed(1))]),
      );
      console.log(
        `\n${result.predictions.length} images in ${options.out} (share of the image that each label covers above)`,
      );
      for (const { file, reason } of result.skipped) console.log(`skipped ${file}: ${reason}`);
    });
