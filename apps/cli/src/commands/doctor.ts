import { styleText } from "node:util";
import { Command } from "commander";
import { checkHealth, type HealthCheck } from "../health-checks.ts";
import { printJson } from "../output.ts";

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description(
      "Says what was found on this machine (Node, libtorch, devices, memory, disk) and how to mend what is missing.",
    )
    .option("--json", "one JSON object on stdout")
    .addHelpText(
      "after",
      "\nExit code 1 when something is missing.\n\nExamples:\n  medssl doctor\n  medssl doctor --json",
    )
    .action(async ({ json }: { json?: true }) => {
      const checks = await checkHealth();
      const isHealthy = checks.every(({ status }) => status !== "missing");
      if (json) printJson({ isHealthy, checks });
      else printChecks(checks, isHealthy);
      if (!isHealthy) process.exitCode = 1;
    });

const marks = { ok: "ok", note: "note", missing: "MISSING" } as const;
const colors = { ok: "green", note: "yellow", missing: "red" } as const;

/** A line a check; the remedy right below what it mends. */
function printChecks(checks: readonly HealthCheck[], isHealthy: boolean): void {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, status, found, remedy } of checks) {
    const mark = styleText(colors[status], marks[status].padEnd(7), { stream: process.stdout });
    console.log(`${mark}  ${name.padEnd(nameWidth)}  ${found}`);
    if (remedy !== undefined) console.log(remedy.replace(/^/gm, `${" ".repeat(nameWidth + 11)}`));
  }
  console.log(isHealthy ? "\nReady." : "\nNot ready: mend what is marked MISSING.");
}
