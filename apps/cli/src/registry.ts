import type { Command } from "commander";

/** A command as the list of `medssl --help` shows it; its file is imported when it is called. */
export interface RegisteredCommand {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** In the order in which one uses them. */
export const commands: readonly RegisteredCommand[] = [
  {
    name: "doctor",
    summary: "what was found on this machine, and how to mend it",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
  {
    name: "ingest",
    summary: "image folders into a store that training reads",
    load: async () => (await import("./commands/ingest.ts")).ingestCommand(),
  },
];
