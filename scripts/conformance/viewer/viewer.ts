/**
 * Cornerstone3D, which OHIF is made of, shows our segmentations in place, in a headless Chromium.
 *
 * Cases     CT, oblique MR, an X-ray without a frame of reference, a color photograph; see cases.ts.
 * Same      each segment's voxels in the viewer's label maps, and the pixels that it paints; see page.ts.
 * Beside    highdicom's segmentations: what goes wrong with those too is the viewer's.
 * Pictures  in the folder that MEDSSL_SHOTS names, to be looked at.
 * Needs     /usr/bin/chromium, or the one that CHROMIUM names, and what sources.py needs.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  encodeSegmentation,
  groupInstances,
  instanceHeader,
  parseDicom,
  type SegmentationPixels,
  structureOf,
} from "@medssl/imaging";
import { build, type Plugin } from "esbuild";
import { chromium, type Page } from "playwright-core";
import type { ConformanceResult } from "../run.ts";
import { type ViewerCase, viewerCases } from "./cases.ts";
import type { CaseToShow, Shown } from "./page.ts";

/** Those that gave WebGL 2 on a machine without a graphics processor. */
const flags = [
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const html = `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#000">
<div style="width:640px;height:560px"></div><script type="module" src="/page.js"></script>`;

export async function run(): Promise<ConformanceResult> {
  const folder = mkdtempSync(join(tmpdir(), "medssl-conformance-"));
  try {
    const cases = viewerCases();
    writeSources(cases, folder);
    writeSegmentations(cases, folder);
    await bundlePage(folder);
    return await showAll(cases, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The images, and highdicom's segmentations of them. */
function writeSources(cases: readonly ViewerCase[], folder: string): void {
  for (const { name, image, labels } of cases) {
    writeFileSync(join(folder, `${name}.image`), new Uint8Array(image.buffer, image.byteOffset, image.byteLength));
    writeFileSync(join(folder, `${name}.labels`), labels);
  }
  writeFileSync(join(folder, "cases.json"), JSON.stringify(cases.map(({ image, labels, ...header }) => header)));
  execFileSync("python3", [join(import.meta.dirname, "sources.py"), folder], { stdio: "inherit" });
}

/** Ours, of each case. `certain` is fractions that are all 0 or 1. */
function writeSegmentations(cases: readonly ViewerCase[], folder: string): void {
  for (const { name, shape, segments, labels } of cases) {
    const datasets = new Map(
      imageFiles(name, shape).map((file) => [file, parseDicom(readFileSync(join(folder, file)), file)] as const),
    );
    const [volume] = groupInstances([...datasets].map(([file, dataset]) => instanceHeader(dataset, file)));
    const fractions = (certain: number) =>
      new Map(segments.map((_, i) => [i + 1, labels.map((label) => (label === i + 1 ? certain : 0))]));
    const kinds: Readonly<Record<string, SegmentationPixels>> = {
      binary: { kind: "binary", labels },
      certain: { kind: "fractional", fractions: fractions(255) },
      fractional: { kind: "fractional", fractions: fractions(150) },
      labelmap: { kind: "labelmap", labels },
    };
    for (const [kind, pixels] of Object.entries(kinds)) {
      const bytes = encodeSegmentation({
        volume: volume!,
        headerOf: (file) => datasets.get(file)!,
        pixels,
        segments: segments.map((segment, i) => ({
          value: i + 1,
          name: segment,
          color: [200, 40 * i, 0] as const,
          ...structureOf(segment),
        })),
        algorithm: { name: "conformance", version: "1" },
      });
      writeFileSync(join(folder, `medssl-${kind}-${name}.dcm`), bytes);
    }
  }
}

const imageFiles = (name: string, [numSlices]: ViewerCase["shape"]) =>
  Array.from({ length: numSlices }, (_, i) => `${name}-${i}.dcm`);

/** The page and the worker that decodes its images. No image is compressed, so no codec's WebAssembly is ever asked for. */
async function bundlePage(folder: string): Promise<void> {
  await build({
    entryPoints: {
      page: join(import.meta.dirname, "page.ts"),
      decodeImageFrameWorker: fileURLToPath(
        new URL("decodeImageFrameWorker.js", import.meta.resolve("@cornerstonejs/dicom-image-loader")),
      ),
    },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    logLevel: "error",
    // The adapters import the first and declare the second.
    alias: { "@babel/runtime": "@babel/runtime-corejs2" },
    plugins: [nodeModulesForBrowsers],
  });
}

/** Parts of Node that codecs and an XML writer ask for, and that nothing here calls. */
const nodeModulesForBrowsers: Plugin = {
  name: "node-modules-for-browsers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(events|fs|path|url)$/ }, ({ path }) => ({ path, namespace: "node" }));
    onLoad({ filter: /./, namespace: "node" }, () => ({ contents: "export class EventEmitter {}" }));
  },
};

interface Showing {
  readonly name: string;
  /** Of the SEG: who wrote it, and what it is. */
  readonly kind: string;
  readonly view: CaseToShow["view"];
  /** What the viewer says of it, where it does not take it. */
  readonly refusal?: string;
}

const noOrientation = "Cannot read properties of undefined (reading 'ImageOrientationPatient')";
const noFractions = "Fractional segmentations are not yet supported";

const showings: readonly Showing[] = [
  { name: "ct", kind: "highdicom-binary", view: "stack" },
  { name: "dx", kind: "highdicom-binary", view: "stack", refusal: noOrientation },
  { name: "dx", kind: "highdicom-oriented", view: "stack" },
  { name: "ct", kind: "medssl-binary", view: "stack" },
  { name: "ct", kind: "medssl-binary", view: "coronal" },
  { name: "ct", kind: "medssl-certain", view: "stack" },
  { name: "ct", kind: "medssl-labelmap", view: "stack" },
  { name: "ct", kind: "medssl-fractional", view: "stack", refusal: noFractions },
  { name: "mr", kind: "medssl-binary", view: "stack" },
  { name: "dx", kind: "medssl-binary", view: "stack" },
  { name: "op", kind: "medssl-binary", view: "stack" },
];

async function showAll(cases: readonly ViewerCase[], folder: string): Promise<ConformanceResult> {
  const server = createServer(({ url = "/" }, response) => {
    const isPage = url === "/";
    response.setHeader("content-type", isPage ? "text/html" : url.endsWith(".js") ? "text/javascript" : "");
    if (isPage || existsSync(join(folder, url))) response.end(isPage ? html : readFileSync(join(folder, url)));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: flags,
  });
  try {
    const page = await browser.newPage({ viewport: { width: 640, height: 560 } });
    const results: Result[] = [];
    for (const showing of showings) {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const shownCase = cases.find(({ name }) => name === showing.name)!;
      const shown = await show(page, showing, shownCase);
      results.push(resultOf(showing, shownCase, shown));
    }
    return summary(results);
  } finally {
    await browser.close();
    server.close();
  }
}

/** What the page found, or the error that it ended in. */
async function show(page: Page, { name, kind, view }: Showing, { shape }: ViewerCase): Promise<Shown | Error> {
  const toShow: CaseToShow = {
    images: imageFiles(name, shape),
    segmentation: `${kind}-${name}.dcm`,
    labels: `${name}.labels`,
    view,
  };
  const shown = await page.evaluate((toShow) => window.show(toShow), toShow).catch((error: Error) => error);
  const shots = process.env["MEDSSL_SHOTS"];
  if (shots) await page.screenshot({ path: join(shots, `${kind}-${name}-${view}.png`) });
  return shown;
}

interface Result {
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly problem?: string | undefined;
  readonly refusal?: string | undefined;
}

function resultOf(
  { name, kind, view, refusal }: Showing,
  { segments: names }: ViewerCase,
  shown: Shown | Error,
): Result {
  const title = `${name}, ${kind}, ${view}`;
  if (shown instanceof Error) {
    const [reason = ""] = shown.message.replace(/^page.evaluate: /, "").split("\n");
    const isKnown = refusal !== undefined && reason.includes(refusal);
    return isKnown ? { rows: [], refusal: `${title}: ${reason}` } : { rows: [], problem: `${title}: ${reason}` };
  }
  const { segments, looked, inside, wrong, opacity } = shown;
  const rows = segments.map(({ name: segment, ours, held, same }) => ({
    ...{ series: name, SEG: kind, view, segment, "our voxels": ours, "the viewer's": held, "in their place": same },
    ...{ "canvas pixels": looked, inside, wrong, opacity: opacity.toFixed(2) },
  }));
  const isNamed = String(segments.map((segment) => segment.name)) === String(names);
  const isHeld = isNamed && segments.every(({ ours, held, same }) => ours > 0 && held === ours && same === ours);
  const isPainted = inside > 1000 && wrong === 0 && opacity > 0.3;
  if (refusal) return { rows, problem: `${title}: the viewer takes it, and was known not to` };
  return { rows, problem: isHeld && isPainted ? undefined : title };
}

function summary(results: readonly Result[]): ConformanceResult {
  return {
    name: "viewer",
    rows: results.flatMap(({ rows }) => rows),
    exceptions: results.flatMap(({ problem }) => problem ?? []),
    notes: results.flatMap(({ refusal }) => (refusal ? `Not taken by the viewer, as is known: ${refusal}` : [])),
  };
}
