// node scripts/node24.mjs FILE [ARGUMENT...]: runs FILE with the project's own Node 24, whichever Node started this.
import { runWithNode24 } from "./run-with-node24.mjs";

process.exitCode = await runWithNode24(process.argv.slice(2));
