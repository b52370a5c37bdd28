/**
 * Serves the example page, the built library and a model, with the headers that let WebAssembly use threads.
 *
 *     npm run build --workspace packages/segmenter
 *     npx node examples/segmenter-page/serve.ts path/to/exported-model [port]
 */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const [model, port = "8080"] = process.argv.slice(2);
if (model === undefined) throw new Error("expected the folder of an exported model");

const FOLDERS = new Map([
  ["segmenter", join(import.meta.dirname, "../../packages/segmenter/dist")],
  ["model", model],
]);
const TYPES = new Map([
  [".html", "text/html"],
  [".js", "text/javascript"],
  [".mjs", "text/javascript"],
  [".wasm", "application/wasm"],
]);

const server = createServer(({ url = "/" }, response) => {
  const [, first = "", ...rest] = normalize(decodeURIComponent(url.replace(/\?.*/, ""))).split("/");
  const folder = FOLDERS.get(first);
  const path = folder === undefined ? join(import.meta.dirname, first || "index.html") : join(folder, ...rest);
  const isThere = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  response.writeHead(isThere ? 200 : 404, {
    "Content-Type": TYPES.get(extname(path)) ?? "application/octet-stream",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  if (isThere) createReadStream(path).pipe(response);
  else response.end();
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/`);
});
