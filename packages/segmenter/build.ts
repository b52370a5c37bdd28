/**
 * `dist/` for pages: the library, its worker, and the WebAssembly of ONNX Runtime and of the DICOM codecs beside it. To be
 * served as it is, from the page's own origin.
 *
 * Usage    npm run build --workspace packages/segmenter
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const here = import.meta.dirname;
const out = process.argv[2] ?? join(here, "dist");
const require = createRequire(import.meta.url);
const runtime = dirname(require.resolve("onnxruntime-web"));
const codec = (file: string) => require.resolve(`@cornerstonejs/codec-${file}`);

/** What is fetched when it is needed, beside the worker. */
const ASSETS = [
  ...["", ".asyncify"].flatMap((kind) =>
    ["mjs", "wasm"].map((extension) => join(runtime, `ort-wasm-simd-threaded${kind}.${extension}`)),
  ),
  codec("charls/decodewasm"),
  codec("openjpeg/decodewasm"),
];

/** The worker's script has another name once it is built. */
const builtWorker: Plugin = {
  name: "built-worker",
  setup({ onLoad }) {
    onLoad({ filter: /browser\/own-thread\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const contents = source.replace('"./worker.ts"', '"./segmenter-worker.js"');
      if (contents === source) throw new Error(`${path}: no worker to rename`);
      return { contents, loader: "ts" };
    });
  },
};

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: { segmenter: join(here, "src/index.ts"), "segmenter-worker": join(here, "src/browser/worker.ts") },
  outdir: out,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions: ["browser", "onnxruntime-web-use-extern-wasm"],
  // Asked for by what Emscripten writes for Node.
  external: ["fs", "path", "module", "worker_threads"],
  plugins: [builtWorker],
  logLevel: "warning",
});
for (const asset of ASSETS) copyFileSync(asset, join(out, asset.split(/[\\/]/).at(-1)!));

const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;
for (const file of readdirSync(out).sort()) {
  const path = join(out, file);
  console.log(
    `${file.padEnd(42)} ${kilobytes(statSync(path).size).padStart(10)} ${kilobytes(gzipSync(readFileSync(path)).length).padStart(10)} in gzip`,
  );
}
