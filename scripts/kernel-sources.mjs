import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The kernel's sources, one after the other.
 * @param {string} folder
 */
export function kernelSources(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".as"));
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8"));
}

/**
 * What they are known by.
 * @param {readonly string[]} sources
 */
export function sumOf(sources) {
  return createHash("sha256").update(sources.join("\0")).digest("hex");
}
