/**
 * The command line: `medssl COMMAND`. Each command is a file in commands/, imported only when it is called, so that
 * `medssl --help` answers at once.
 *
 * Exit codes   0 done; 1 the user has something to mend (message and hint on stderr); a bug keeps its stack trace.
 */
import { Command } from "commander";
import { failureOf } from "./failures.ts";
import { commands } from "./registry.ts";

/** Builds the program; of the commands, those that `args` name are the real ones, the others only have a line of help. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("medssl")
    .description("Pre-train a Vision Transformer on unlabelled medical images; segment with few annotations.")
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows the options, with examples)")
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  medssl quickstart                               the whole way on made-up images, in ten minutes\n" +
        "  medssl ingest images/ --store stores/mine       your own images\n" +
        "  medssl study --help                             options of a command, with examples",
    );
  for (const { name, summary, load } of commands) {
    const command = args.includes(name) ? await load() : new Command(name);
    program.addCommand(command.copyInheritedSettings(program).summary(summary));
  }
  return program;
}

/** Runs one command line; failures that the user can mend are told in a sentence. */
export async function run(args: readonly string[]): Promise<void> {
  const program = await buildProgram(args);
  if (args.length === 0) program.help();
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    console.error(`medssl: ${failure.message}${failure.hint === undefined ? "" : `\n  ${failure.hint}`}`);
    process.exitCode = 1;
  }
}
