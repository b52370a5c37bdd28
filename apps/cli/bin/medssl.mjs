#!/usr/bin/env node
// `medssl`, whatever Node runs it: the program itself is TypeScript and needs Node 24, which set-up installs.
import { fileURLToPath } from "node:url";
import { runWithNode24 } from "../../../scripts/run-with-node24.mjs";

const main = new URL("../src/main.ts", import.meta.url);
if (Number.parseInt(process.versions.node, 10) >= 24) await import(main.href);
else process.exitCode = await runWithNode24([fileURLToPath(main), ...process.argv.slice(2)]);
