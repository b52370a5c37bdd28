/**
 * `dist/`: the library as a package for other projects, which `npm pack` and `npm install` take, and for pages, which can be
 * served it as it is from their own origin.
 *
 * Pages    the library, its worker, and the WebAssembly of ONNX Runtime and of the DICOM codecs beside it.
 * Node     the same in `node/`; what has parts in machine code is not bundled but named as a dependency.
 * Types    one file for each entry, made of the sources' declarations; of other packages they name zod only.
 * Usage    npm run build --workspace packages/segmenter
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const here = import.meta.dirname;
const out = resolve(process.argv[2] ?? join(here, "dist"));
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

/** What `node/` imports from beside the package. */
const INSTALLED = [
  "@cornerstonejs/codec-charls",
  "@cornerstonejs/codec-openjpeg",
  "onnxruntime-node",
  "sharp",
] as const;

const common: BuildOptions = { absWorkingDir: here, bundle: true, splitting: true, format: "esm", logLevel: "warning" };

async function buildForPages(): Promise<void> {
  const forPages: BuildOptions = {
    ...common,
    outdir: out,
    minify: true,
    target: "es2022",
    conditions: ["browser", "onnxruntime-web-use-extern-wasm"],
    // Asked for by what Emscripten writes for Node.
    external: ["fs", "path", "module", "worker_threads"],
  };
  await build({
    ...forPages,
    entryPoints: { segmenter: "./src/index.ts", "segmenter-worker": "./src/browser/worker.ts" },
    plugins: [builtWorker("src/browser/own-thread.ts")],
  });
  // By itself, since pieces are shared as a whole: a page that only segments would fetch all of it.
  await build({ ...forPages, entryPoints: { imaging: "@medssl/imaging" }, plugins: [sharedError, besideScript] });
  for (const asset of ASSETS) copyFileSync(asset, join(out, basename(asset)));
}

/** All that imaging takes from there is `MedsslError`: one class for both, so that `instanceof` holds. */
const sharedError: Plugin = {
  name: "shared-error",
  setup({ onResolve }) {
    onResolve({ filter: /^@medssl\/contract$/ }, () => ({ path: "./segmenter.js", external: true }));
  },
};

/** In a page's own thread Emscripten's scripts do not know where they lie. */
const besideScript = replaced(
  "../imaging/src/dicom/codecs/wasm-codecs.ts",
  "return { print",
  "return { locateFile: (file: string) => new URL(file, import.meta.url).href, print",
);

async function buildForNode(): Promise<void> {
  await build({
    ...common,
    entryPoints: {
      segmenter: "./src/index.ts",
      "segmenter-worker": "./src/node/worker.ts",
      imaging: "@medssl/imaging",
    },
    outdir: join(out, "node"),
    platform: "node",
    target: "node24",
    external: INSTALLED.flatMap((name) => [name, `${name}/*`]),
    plugins: [builtWorker("src/node/start-worker.ts")],
  });
}

/** What is otherwise once it is built: `text` of a source file. */
function replaced(file: string, text: string, by: string): Plugin {
  const path = join(here, file);
  return {
    name: `replaced in ${file}`,
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, (loaded) => {
        if (loaded.path !== path) return undefined;
        const source = readFileSync(path, "utf8");
        if (!source.includes(text)) throw new Error(`${path}: no ${text} to replace`);
        return { contents: source.replace(text, by), loader: "ts" };
      });
    },
  };
}

const builtWorker = (file: string) => replaced(file, '"./worker.ts"', '"./segmenter-worker.js"');

async function bundleDeclarations(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "medssl-declarations-"));
  try {
    const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const project = join(here, "declarations.tsconfig.json");
    execFileSync(process.execPath, [compiler, "-p", project, "--outDir", scratch], { stdio: ["ignore", 2, 2] });
    const imaging = (entry: string) => join(scratch, "imaging/src", entry);
    const bundle = await rolldown({
      input: {
        segmenter: join(scratch, "segmenter/src/index.d.ts"),
        imaging: imaging("browser.d.ts"),
        "node/imaging": imaging("index.d.ts"),
      },
      external: ["zod"],
      resolve: {
        alias: {
          "@medssl/contract": join(scratch, "contract/src/index.d.ts"),
          "@medssl/imaging": imaging("browser.d.ts"),
        },
      },
      // They are declarations already: only to be put together.
      plugins: [dts({ dtsOnly: true, tsconfig: false, generator: "oxc" })],
    });
    await bundle.write({ dir: out, format: "esm" });
    await bundle.close();
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** What npm is told of the folder. It is private: it can be packed and installed, not published. */
function writeManifest(): void {
  const own = manifestOf("segmenter");
  const versions = {
    ...own.dependencies,
    ...manifestOf("imaging").dependencies,
    ...manifestOf("contract").dependencies,
  };
  const manifest = {
    name: own.name,
    version: own.version,
    description: "Runs an exported MedSSL-ViT model in Node and in browsers: medical images in, label maps out.",
    license: own.license,
    private: true,
    type: "module",
    engines: { node: ">=24" },
    exports: {
      ".": { types: "./segmenter.d.ts", browser: "./segmenter.js", default: "./node/segmenter.js" },
      "./imaging": {
        browser: { types: "./imaging.d.ts", default: "./imaging.js" },
        default: { types: "./node/imaging.d.ts", default: "./node/imaging.js" },
      },
    },
    // The declarations alone name zod.
    dependencies: Object.fromEntries([...INSTALLED, "zod"].map((name) => [name, versions[name]])),
  };
  writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(here, "README.md"), join(out, "README.md"));
  copyFileSync(join(here, "../../LICENSE"), join(out, "LICENSE"));
}

function manifestOf(name: string) {
  return JSON.parse(readFileSync(join(here, "..", name, "package.json"), "utf8"));
}

function listFiles(folder: string): void {
  const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1000)} kB`;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).padEnd(42);
    const [size, inGzip] = [statSync(path).size, gzipSync(readFileSync(path)).length].map(kilobytes);
    console.log(`${name} ${size!.padStart(10)} ${inGzip!.padStart(10)} in gzip`);
  }
}

rmSync(out, { recursive: true, force: true });
await buildForPages();
await buildForNode();
await bundleDeclarations();
writeManifest();
listFiles(out);
