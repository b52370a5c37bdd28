import type { DeidentifySummary } from "@medssl/datasets";
import { Command, Option } from "commander";
import { INTERRUPTED, interruptible } from "../interruption.ts";
import { printJson, printTable } from "../output.ts";
import { progressListener } from "../progress.ts";

interface Options {
  readonly out: string;
  readonly saltFile?: string;
  readonly keepDates: "removed" | "shifted";
  readonly allowBurnedIn?: boolean;
  readonly json?: true;
}

/** Files shown for each kind of problem; --json has all. */
const SHOWN_PER_PROBLEM = 5;

export const deidentifyCommand = (): Command =>
  new Command("deidentify")
    .description(
      "Writes copies of DICOM files without what names their patients: the basic profile of DICOM PS3.15, annex E." +
        " UIDs and patients get pseudonyms that are the same in all files; pixels stay as they are." +
        " What it does and does not do: docs/privacy.md.",
    )
    .argument("<source...>", "folders or files")
    .requiredOption("--out <dir>", "the copies' folder, PATIENT/STUDY/SERIES/INSTANCE.dcm; made when missing")
    .option(
      "--salt-file <file>",
      "secret that pseudonyms are made with, to get the same ones again; made when missing" +
        " (default: a secret that is forgotten at the end)",
    )
    .addOption(
      new Option("--keep-dates <way>", "removed, or shifted by a number of days of the patient's own")
        .choices(["shifted", "removed"])
        .default("removed"),
    )
    .option("--allow-burned-in", "also writes files that may have text in their pixels, such as ultrasound")
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      `
Files that cannot be used are listed with the reason and do not stop the rest. Look at copies before you hand them on.
Exit code 0 when something was written, 1 when nothing could be, 130 after Ctrl-C.

Examples:
  medssl deidentify pacs-export --out clean
  medssl deidentify january february --out clean --salt-file ~/secrets/study.salt --keep-dates shifted
  medssl deidentify ultrasound --out clean --allow-burned-in`,
    )
    .action(async (sources: string[], { out, saltFile, keepDates, allowBurnedIn = false, json }: Options) => {
      const { deidentifyArchive } = await import("@medssl/datasets");
      const salt = saltFile === undefined ? {} : { saltFile };
      const options = { out, ...salt, dates: keepDates, allowsBurnedIn: allowBurnedIn };
      const summary = await interruptible((signal) => deidentifyArchive(sources, options, progressListener(), signal));
      if (json) printJson(summary);
      else printSummary(summary, allowBurnedIn);
      if (!summary.isComplete) process.exitCode = INTERRUPTED;
      else if (summary.written === 0) process.exitCode = 1;
    });

function printSummary(summary: DeidentifySummary, allowsBurnedIn: boolean): void {
  const { found, written, heldBack, repeated, broken, foreign, patients, studies, series, problems } = summary;
  printTable(
    ["found", "written", "held back", "repeated", "broken", "not DICOM", "patients", "studies", "series"],
    [[found, written, heldBack, repeated, broken, foreign, patients, studies, series]],
  );
  for (const [code, files] of Map.groupBy(problems, (problem) => problem.code)) {
    console.log(`\n${titleOf(code, allowsBurnedIn)}: ${files.length}`);
    for (const { reason } of files.slice(0, SHOWN_PER_PROBLEM)) console.log(`  ${reason}`);
    if (files.length > SHOWN_PER_PROBLEM) console.log(`  ... and ${files.length - SHOWN_PER_PROBLEM} more`);
  }
  if (!summary.isComplete) console.log("\nInterrupted: with a salt file the same command makes the same copies again.");
  else if (written === 0) console.log("\nNothing could be written.");
}

function titleOf(code: string, allowsBurnedIn: boolean): string {
  if (code !== "ERR_BURNED_IN") return code;
  return allowsBurnedIn
    ? "Written, though text may be in the pixels; look at them"
    : "Held back, since text may be in the pixels; look at them, then use --allow-burned-in";
}
