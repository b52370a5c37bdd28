import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Of a file or folder: an absolute path, or a URL of the web. */
export function addressOf(source: string | URL): string {
  const text = String(source);
  if (/^https?:/i.test(text)) return text;
  return resolve(/^file:/i.test(text) ? fileURLToPath(text) : text);
}
