// Where `medssl` starts; bin/medssl.mjs sees to it that Node 24 runs it.
import { run } from "./program.ts";

await run(process.argv.slice(2));
