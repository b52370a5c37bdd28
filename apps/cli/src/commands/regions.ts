import { join } from "node:path";
import type { RegionPoint } from "@medssl/learn";
import { Command } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom, point } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly encoder: string;
  readonly image: string;
  readonly point: RegionPoint;
  readonly store: string[];
  readonly count: number;
  readonly out: string;
}

export const regionsCommand = (): Command =>
  withComputeOptions(
    new Command("regions")
      .description("Find the place that you point at in other patients' images, and draw it.")
      .requiredOption("--encoder <run>", "folder of a pre-training run")
      .requiredOption("--image <file>", "an image of any format that is read, or the id of a case in the stores")
      .requiredOption(
        "--point <x,y>",
        "pixels of that image, the first being 0,0; or 55%,40% of width and height",
        point,
      )
      .requiredOption("--store <dir...>", "stores of the images to search in")
      .option("--count <n>", "patients to search in, evenly spread over the stores", integerFrom(1, 1000), 7)
      .requiredOption("--out <dir>", "folder for the pictures and regions.json"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl regions --encoder runs/cxr --image film.png --point 412,300 --store stores/cxr --out carina\n" +
        "  medssl regions --encoder runs/cxr --image film.dcm --point 55%,40% --store stores/a stores/b --count 20 --out carina\n" +
        "\nOUT/regions.png shows all of it. How to read it: docs/regions.md.",
    )
    .action(async ({ encoder, store, ...options }: Options) => {
      const { openStores } = await import("@medssl/datasets");
      await prepareCompute(options);
      const { findRegions } = await import("@medssl/learn");
      const stores = openStores(store);
      const result = await interruptible((signal) =>
        findRegions({ ...options, dir: encoder, stores, listen: progressListener(), signal }),
      );
      if (!result.isComplete) process.exitCode = INTERRUPTED;
      if (options.json) {
        printJson(result);
        return;
      }
      printTable(
        ["picture", "case", "x", "y", "similarity"],
        result.results.map(({ picture, case: id, points: [best] }) => [picture, id, ...best!.pixels, best!.similarity]),
      );
      console.log(`\nall of them: ${join(options.out, "regions.png")}; x and y are pixels of the original image`);
    });
