import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MedsslError, parseClassCodes, type WeightPrecision } from "@medssl/contract";
import type { RecipeName } from "@medssl/datasets";
import type { ExportResult } from "@medssl/learn";
import { Command, InvalidArgumentError, Option } from "commander";
import { type ComputeOptions, prepareCompute, withComputeOptions } from "../compute-options.ts";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { list } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";
import { producer } from "../producer.ts";
import { progressListener } from "../progress.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly out: string;
  readonly precision: readonly WeightPrecision[];
  readonly store?: string[];
  readonly name?: string;
  readonly codes?: string;
  readonly kind?: readonly RecipeName[];
  readonly intendedUse?: string;
  readonly license?: string;
  readonly overwrite?: boolean;
}

export const exportCommand = (): Command =>
  withComputeOptions(
    new Command("export")
      .description(
        "Write a fine-tuned network as a folder that runs anywhere: ONNX, a card that says what it is and how good," +
          " and golden images that it can be checked with.",
      )
      .requiredOption("--model <run>", "folder of a fine-tuning run")
      .requiredOption("--out <dir>", "folder for the exported model")
      .addOption(
        new Option("--precision <list>", "fp32, which is always there, and fp16, int8 beside it, such as fp32,int8")
          .argParser(someOf(PRECISIONS, "fp32,int8"))
          .default([], "fp32"),
      )
      .option("--store <dir...>", "measured on these stores, not on those that the run learned from")
      .option("--name <name>", "what the model is called (default: that of --out)")
      .option("--codes <file>", "JSON: codes and colors of classes, in the place of those that their names tell")
      .option(
        "--kind <list>",
        "what it learned from, some of xray, ct, mr, fundus, picture, such as ct,mr (default: what its run says)",
        someOf(KINDS, "ct,mr"),
      )
      .option("--intended-use <text>", "what it may be used for (default: research)")
      .option("--license <text>", "under which terms (default: not stated)")
      .option("--overwrite", "replace an exported model"),
  )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl export --model runs/lungs-10 --out models/lungs\n" +
        "  medssl export --model runs/lungs-10 --out models/lungs --precision fp32,fp16,int8 --overwrite\n" +
        '  medssl export --model runs/heart --out models/heart --license CC-BY-4.0 --intended-use "Research on cine MR."\n' +
        "\nWhat the folder holds: docs/export.md. Check it anywhere: medssl verify models/lungs",
    )
    .action(async (options: Options) => {
      const began = performance.now();
      const { codes, model, out, store, threads } = options;
      requireRun(model);
      const ownCodes = codes === undefined ? undefined : parseClassCodes(readFileSync(codes, "utf8"), codes);
      await prepareCompute(options);
      const [{ exportRun }, { openStores }, { openNetwork }] = await Promise.all([
        import("@medssl/learn"),
        import("@medssl/datasets"),
        import("@medssl/segmenter"),
      ]);
      const result = await interruptible((signal) =>
        exportRun({
          dir: model,
          out,
          isOverwriting: options.overwrite ?? false,
          precisions: options.precision,
          stores: store === undefined ? undefined : openStores(store),
          device: options.device,
          name: options.name,
          intendedUse: options.intendedUse,
          license: options.license,
          codes: ownCodes,
          kinds: options.kind,
          producer: producer(),
          openNetwork: async (path) => openNetwork(new Uint8Array(await readFile(path)), { provider: "cpu", threads }),
          listen: progressListener(),
          signal,
        }),
      );
      if (result === undefined) {
        process.exitCode = INTERRUPTED;
        return;
      }
      const seconds = (performance.now() - began) / 1000;
      if (options.json) printJson({ model: out, seconds, ...result });
      else printResult(out, result, seconds);
    });

/** What is wrong with a run is told when it is read. @throws {MedsslError} `ERR_EXPORT_SOURCE` */
function requireRun(dir: string): void {
  if (existsSync(join(dir, "run.json")) || !existsSync(join(dir, "model.json"))) return;
  throw new MedsslError(
    "ERR_EXPORT_SOURCE",
    `--model ${dir}: is an exported model already, expected a fine-tuning run`,
    {
      hint: "Use it as it is, with medssl predict or medssl verify; for other precisions export its run again.",
    },
  );
}

function printResult(out: string, { card, precisions, notes }: ExportResult, seconds: number): void {
  const isMeasured = precisions.some(({ heldOut }) => heldOut !== undefined);
  console.log("against libtorch");
  printTable(
    ["file", "MB", "logits, golden", "labels %, golden", ...(isMeasured ? HELD_OUT_COLUMNS : [])],
    precisions.map(({ file, bytes, golden, heldOut }) => [
      file,
      (bytes / 1e6).toFixed(2),
      golden.difference.toExponential(1),
      (100 * golden.sameLabels).toFixed(3),
      ...(heldOut === undefined
        ? []
        : [
            heldOut.difference.toExponential(1),
            (100 * heldOut.sameLabels).toFixed(3),
            (100 * heldOut.loss.dice).toFixed(2),
            signed(100 * heldOut.loss.change),
          ]),
    ]),
  );
  const { metrics, classes } = card;
  if (metrics !== null) {
    const { mean, low, high } = metrics.dice;
    const [dice, from, to] = [mean, low, high].map((value) => (100 * value).toFixed(1));
    console.log(
      `\nDice ${dice} (95%: ${from} to ${to}) on ${metrics.images} images of ${metrics.patients} held-out patients`,
    );
  }
  for (const { name, type } of classes) console.log(`${name}: ${type.scheme} ${type.value} (${type.meaning})`);
  for (const note of notes) console.log(`\n${note}`);
  console.log(`\nWritten: ${out}, in ${seconds.toFixed(1)} s. Check it anywhere: medssl verify ${out}`);
}

const HELD_OUT_COLUMNS = ["logits, held out", "labels %, held out", "Dice %", "change"];

const signed = (value: number): string => {
  const text = Math.abs(value).toFixed(3);
  return `${value < 0 && Number(text) > 0 ? "-" : "+"}${text}`;
};

const PRECISIONS: readonly WeightPrecision[] = ["fp32", "fp16", "int8"];
const KINDS: readonly RecipeName[] = ["xray", "ct", "mr", "fundus", "picture"];

/** Reads a list of some of these. */
const someOf =
  <Name extends string>(names: readonly Name[], example: string) =>
  (text: string): Name[] =>
    list(text).map((item) => {
      const found = names.find((one) => one === item);
      if (found === undefined)
        throw new InvalidArgumentError(`Expected some of ${names.join(", ")}, such as ${example}.`);
      return found;
    });
