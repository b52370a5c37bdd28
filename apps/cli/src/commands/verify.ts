import { MedsslError } from "@medssl/contract";
import { Command } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { integerFrom } from "../option-values.ts";
import { printJson, printTable } from "../output.ts";

interface Options {
  readonly threads?: number;
  readonly json?: true;
}

export const verifyCommand = (): Command =>
  new Command("verify")
    .description(
      "Says whether an exported model is whole, and gives on this machine what it gave where it was exported." +
        " It needs no set-up: neither libtorch nor the run.",
    )
    .argument("<dir>", "folder of an exported model")
    .option("--threads <n>", "threads of the ONNX runtime (default: all)", integerFrom(1, 1024))
    .option("--json", "the result as one JSON object on stdout")
    .addHelpText("after", "\nExamples:\n  medssl verify models/lungs\n\nWhat is checked: docs/export.md.")
    .action(async (dir: string, { threads, json }: Options) => {
      const { verifyModel } = await import("@medssl/segmenter");
      const verification = await interruptible((signal) =>
        verifyModel(dir, { threads, signal }).catch((error: unknown) => {
          if (signal.aborted) return undefined;
          throw error;
        }),
      );
      if (verification === undefined) {
        process.exitCode = INTERRUPTED;
        return;
      }
      const { card, checks } = verification;
      const isRun = (precision: string) => checks.some(({ what }) => what.startsWith(`${precision}: `));
      const notRun = card.weights.map(({ precision }) => precision).filter((precision) => !isRun(precision));
      const failures = checks.flatMap(({ failure }) => failure ?? []);
      if (json) printJson({ model: dir, name: card.name, isSound: failures.length === 0, checks, notRun });
      else {
        printTable(
          ["what", "found", "ok"],
          [
            ...checks.map(({ what, result, failure }) => [what, result, failure === undefined ? "yes" : "NO"]),
            ...notRun.map((precision) => [`${precision}: golden images`, "not run, because of the above", "-"]),
          ],
        );
      }
      if (failures.length === 0) {
        if (!json) console.log(`\n${card.name}: all ${checks.length} checks passed.`);
        return;
      }
      const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : "";
      throw new MedsslError("ERR_MODEL_VERIFY", `${failures[0]}${more}`, {
        hint: "Do not use this model. Copy the folder again from where it came from, or export the model again.",
      });
    });
