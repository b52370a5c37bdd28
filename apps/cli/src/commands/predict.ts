import { Command, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { overlapShare } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly out: string;
  readonly overlap?: number;
  readonly flips?: "none" | "horizontal" | "both";
  readonly postProcessing: boolean;
  readonly native?: boolean;
}

export const predictCommand = (): Command =>
  withComputeOptions(
    new Command("predict")
      .description("Segment pictures and volumes: a mask and an overlay for each, on the image's own grid.")
      .argument("<INPUT...>", "images, or folders of images and DICOM series")
      .requiredOption("--model <run>", "folder of a fine-tuning run")
      .requiredOption("--out <dir>", "folder for masks/, overlays/ and predictions.csv")
      .option(
        "--overlap <share>",
        "share of a tile that its neighbour covers too, 0 to 0.9 (default: the recipe's)",
        overlapShare,
      )
      .addOption(
        new Option("--flips <views>", "mirrored views that are averaged (default: the recipe's)").choices([
          "none",
          "horizontal",
          "both",
        ]),
      )
      .option("--no-post-processing", "leave the label maps as the network gives them")
      .option("--native", "tiles of the image's own pixels; only for models that learned at that size"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl predict --model runs/lungs-10 new-images/ --out predictions\n" +
        "  medssl predict --model runs/heart scans/ --out predictions --flips both\n" +
        "  medssl predict --model runs/lungs-10 a.png b.jpg --out predictions --json",
    )
    .action(async (inputs: string[], options: Options) => {
      await prepareCompute(options);
      const [{ openTorchSegmenter }, { predict }] = await Promise.all([
        import("@medssl/learn"),
        import("@medssl/datasets"),
      ]);
      const segmenter = openTorchSegmenter(options.model, {
        inference: {
          ...(options.overlap === undefined ? {} : { tileOverlap: options.overlap }),
          ...(options.flips === undefined ? {} : { flips: options.flips }),
        },
        isCleaned: options.postProcessing,
        isNative: options.native ?? false,
        device: options.device,
      });
      const result = await interruptible((signal) =>
        predict({ segmenter, inputs, out: options.out, listen: progressListener(), signal }),
      );
      if (!result.isComplete) process.exitCode = INTERRUPTED;
      if (result.predictions.length === 0) process.exitCode = 1;
      if (options.json) {
        printJson(result);
        return;
      }
      const labels = result.classes.map(({ name }) => name);
      const { predictions, skipped } = result;
      if (predictions.length === 0) console.log("Nothing was segmented.");
      else {
        printTable(
          ["image", ...labels.map((name) => `${name} %`)],
          predictions.map(({ file, shares }) => [file, ...labels.map((name) => (100 * shares[name]!).toFixed(1))]),
        );
        console.log(
          `\n${predictions.length} images in ${options.out} (share of the image that each label covers above)`,
        );
      }
      for (const { file, reason } of skipped) {
        console.log(`skipped ${reason.includes(file) ? reason : `${file}: ${reason}`}`);
      }
    });
