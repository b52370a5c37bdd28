/**
 * Completes package-lock.json: `node scripts/complete-lock.mjs`, after `npm install` has changed it.
 *
 * npm leaves an optional package out of the lock file when its registry does not have it (a mirror may lack the builds
 * for other platforms). `npm ci` then refuses the lock file on every machine. Such packages are named as their parents
 * and their own names describe them; npm checks what it downloads against the registry's own sum.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingPackages } from "./lock-file.mjs";

const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
/** @type {import("./lock-file.mjs").LockFile} */
const lock = JSON.parse(readFileSync(file, "utf8"));
const missing = missingPackages(lock);
const entries = Object.entries({ ...lock.packages, ...missing });
entries.sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
process.stderr.write(`package-lock.json: ${Object.keys(missing).length} packages added\n`);
