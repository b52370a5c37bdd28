import { readFileSync } from "node:fs";

/** Program and version, as results name who made them. */
export function producer(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return `medssl ${(JSON.parse(text) as { version: string }).version}`;
}
