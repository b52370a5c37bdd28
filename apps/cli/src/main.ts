// Where `medssl` starts; bin/medssl.mjs sees to it that Node 24 runs it.
import { enableCompileCache } from "node:module";

enableCompileCache();
const { run } = await import("./program.ts");
await run(process.argv.slice(2));
