// Runs its arguments with the project's own Node 24, whichever Node started it.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const node = createRequire(import.meta.url).resolve("node/bin/node");
const { status, signal } = spawnSync(node, process.argv.slice(2), { stdio: "inherit" });
process.exit(signal ? 130 : (status ?? 1));
