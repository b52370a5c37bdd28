/**
 * Serves the example page, the built library and a model, with the headers that let WebAssembly use threads.
 *
 *     npm run build --workspace packages/segmenter
 *     npx node examples/segmenter-page/serve.ts path/to/exported-model [port]
 */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream";

const [model, port = "8080"] = process.argv.slice(2);
if (model === undefined) throw new Error("expected the folder of an exported model");

const FOLDERS = new Map([
  ["segmenter", join(import.meta.dirname, "../../packages/segmenter/dist")],
  ["model", resolve(model)],
]);
const TYPES = new Map([
  [".html", "text/html"],
  [".js", "text/javascript"],
  [".mjs", "text/javascript"],
  [".wasm", "application/wasm"],
]);

const server = createServer(({ url = "/" }, response) => {
  const path = pathOf(url);
  const file = path === undefined ? undefined : fileOf(path);
  response.writeHead(path === undefined ? 400 : file === undefined ? 404 : 200, {
    "Content-Type": TYPES.get(extname(file ?? "")) ?? "application/octet-stream",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  // A reader that goes away, or a file that cannot be read, ends the answer and nothing else.
  if (file === undefined) response.end();
  else pipeline(createReadStream(file), response, () => {});
});

/** Undefined where it is no address, such as "/%". */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.replace(/[?#].*/, ""));
    return path.startsWith("/") && !path.includes("\0") ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing but the page and what lies in the two folders. */
function fileOf(path: string): string | undefined {
  if (path === "/" || path === "/index.html") return join(import.meta.dirname, "index.html");
  const [, first = "", ...rest] = path.split("/");
  const folder = FOLDERS.get(first);
  if (folder === undefined) return undefined;
  const file = join(folder, ...rest);
  const isInside = file.startsWith(folder + sep);
  return isInside && statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/`);
});
