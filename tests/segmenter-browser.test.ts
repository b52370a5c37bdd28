/**
 * The segmenter in headless Chromium, as it is built for pages: the numbers of Node, a page that stays alive, and nothing
 * asked of any other machine.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { encodeNifti } from "@medssl/imaging";
import { Segmenter } from "@medssl/segmenter";
import { type Browser, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const skip = existsSync(CHROMIUM) ? false : `needs a browser: there is no ${CHROMIUM}`;
const FLAGS = [
  ...["--no-sandbox", "--no-first-run", "--disable-quic", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  // A processor as the graphics processor: slow, but right.
  ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const dicom = join(root, "packages/imaging/src/dicom/fixtures");
const scratch = mkdtempSync(join(tmpdir(), "medssl-segmenter-browser-"));
const model = join(scratch, "model");
let server: ChildProcess;
let address: string;
let browser: Browser;
let node: Segmenter;

before(async () => {
  if (skip) return;
  const build = spawnSync(process.execPath, [join(root, "packages/segmenter/build.ts")], { encoding: "utf8" });
  assert.equal(build.status, 0, build.stderr);
  cpSync(join(root, "packages/segmenter/src/fixtures/tiny-model"), model, { recursive: true });
  changeCard((card) => {
    card.plan.kinds = [];
  });
  const serve = join(root, "examples/segmenter-page/serve.ts");
  server = spawn(process.execPath, [serve, model, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  address = String(await new Promise((resolve) => server.stdout!.once("data", resolve))).trim();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  node = await Segmenter.load(model, { threads: 1 });
});

after(async () => {
  await node?.dispose();
  await browser?.close();
  server?.kill();
  rmSync(scratch, { recursive: true });
});

function changeCard(change: (card: { plan: Record<string, unknown>; version: number }) => void): void {
  const path = join(model, "model.json");
  const card = JSON.parse(readFileSync(path, "utf8"));
  change(card);
  writeFileSync(path, JSON.stringify(card));
}

const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** A page with nothing on it, and what it asked of other machines. */
async function emptyPage(headers: Readonly<Record<string, string>> = ISOLATED): Promise<Page> {
  const page = await browser.newPage();
  await page.route("**/empty", (route) => route.fulfill({ contentType: "text/html", headers, body: "" }));
  await page.goto(`${address}empty`);
  return page;
}

interface Found {
  readonly shape: readonly number[];
  /** SHA-256 of the labels. */
  readonly hash: string;
  /** How long the page's thread was held up at most. */
  readonly longestMs: number;
}

/** Loads the library in the page and segments a file. */
async function segmentIn(page: Page, bytes: Uint8Array, name: string): Promise<Found> {
  await page.route("**/file", (route) => route.fulfill({ headers: ISOLATED, body: Buffer.from(bytes) }));
  const found = await page.evaluate(async (name) => {
    const rest = () => new Promise((resolve) => setTimeout(resolve, 60));
    const file = new File([await (await fetch("/file")).blob()], name);
    const { Segmenter } = await import("/segmenter/segmenter.js" as string);
    let longestMs = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
    });
    await rest();
    observer.observe({ type: "longtask" });
    const segmenter = await Segmenter.load("/model");
    const { labels } = await segmenter.segment(file);
    await rest();
    observer.disconnect();
    await segmenter.dispose();
    const hash = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", labels.data)));
    return { shape: labels.shape, hash: hash.map((byte) => byte.toString(16).padStart(2, "0")).join(""), longestMs };
  }, name);
  await page.unroute("**/file");
  return found;
}

const hashOf = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** 16 bits, as detectors give. */
function film(side: number): Uint8Array {
  const pixels = Buffer.alloc(2 * side * side);
  for (let i = 0; i < side * side; i++) {
    const [y, x] = [Math.floor(i / side), i % side];
    pixels.writeUInt16BE(Math.round(2000 + 900 * Math.sin((40 * x) / side) + 900 * Math.cos((30 * y) / side)), 2 * i);
  }
  return Buffer.concat([Buffer.from(`P5 ${side} ${side} 4095\n`), pixels]);
}

test("logits in WebAssembly and in WebGPU are Node's", { skip }, async (context) => {
  const page = await emptyPage();
  const images = Array.from({ length: 2 * 256 }, (_, i) => Math.sin(i * 0.37) + Math.cos(i / 50));
  const expected = await node.logitsOf(Float32Array.from(images), 2);
  for (const provider of ["wasm", "webgpu"]) {
    const found = await page.evaluate(
      async ([provider, images]) => {
        const gpu = (navigator as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu;
        if (provider === "webgpu" && !(await gpu?.requestAdapter())) return undefined;
        const { Segmenter } = await import("/segmenter/segmenter.js" as string);
        const segmenter = await Segmenter.load("/model", { provider });
        const logits: Float32Array = await segmenter.logitsOf(Float32Array.from(images), 2);
        return { logits: Array.from(logits), ranOn: segmenter.runtime.provider };
      },
      [provider, images] as const,
    );
    if (found === undefined) {
      context.diagnostic("WebGPU is not compared: this Chromium has no adapter for it");
      continue;
    }
    assert.equal(found.ranOn, provider);
    const furthest = expected.reduce((most, logit, i) => Math.max(most, Math.abs(logit - found.logits[i]!)), 0);
    assert.ok(found.logits.length === expected.length && furthest < 1e-4, `${provider}: off by ${furthest}`);
  }
  await page.close();
});

test("a page gives Node's labels, and nothing holds its thread up for 50 ms", { skip }, async () => {
  const bytes = film(2000);
  const { labels: expected } = await node.segment(bytes);
  let longestMs: number;
  let attempts = 0;
  // Other programs of a busy machine hold a page up too.
  do {
    const page = await emptyPage();
    const found = await segmentIn(page, bytes, "film.pgm");
    assert.deepEqual([found.shape, found.hash], [expected.shape, hashOf(expected.data)]);
    longestMs = found.longestMs;
    await page.close();
  } while (longestMs >= 50 && ++attempts < 3);
  assert.ok(longestMs < 50, `held up for ${longestMs} ms`);
});

test("DICOM in every kind of compression is decoded in the page", { skip }, async () => {
  const page = await emptyPage();
  for (const file of ["j2k.dcm", "htj2k.dcm", "jpeg-ls.dcm", "jpeg-gray.dcm", "jpeg-lossless-1.dcm", "deflated.dcm"]) {
    const bytes = readFileSync(join(dicom, file));
    const { labels: expected } = await node.segment(bytes);
    const { shape, hash } = await segmentIn(page, bytes, file);
    assert.deepEqual([shape, hash], [expected.shape, hashOf(expected.data)], file);
  }
  await page.close();
});

test("the readers beside the segmenter decode JPEG-LS in the page, and throw its error", { skip }, async () => {
  const page = await emptyPage();
  const bytes = readFileSync(join(dicom, "jpeg-ls.dcm"));
  await page.route("**/file", (route) => route.fulfill({ headers: ISOLATED, body: bytes }));
  const found = await page.evaluate(async () => {
    const { MedsslError } = await import("/segmenter/segmenter.js" as string);
    const { decodeScan } = await import("/segmenter/imaging.js" as string);
    const file = new Uint8Array(await (await fetch("/file")).arrayBuffer());
    const { data } = await decodeScan(file, "jpeg-ls.dcm");
    const error = await decodeScan(file.subarray(0, 9), "nine").catch((error: unknown) => error);
    return { values: Array.from(data as Uint16Array), isOurs: error instanceof MedsslError };
  });
  const { stored } = JSON.parse(readFileSync(join(dicom, "expected.json"), "utf8"))["jpeg-ls.dcm"];
  assert.deepEqual(found, { values: stored.values, isOurs: true });
  await page.close();
});

test("the example draws a mask, and asks no other machine", { skip }, async () => {
  const page = await browser.newPage();
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.goto(address);
  await page.waitForFunction(() => /^Ready: tiny on wasm/.test(document.querySelector("#status")!.textContent!));
  await page.setInputFiles("#file", { name: "film.pgm", mimeType: "", buffer: Buffer.from(film(64)) });
  await page.waitForFunction(() => /^film\.pgm: \d+ ms/.test(document.querySelector("#status")!.textContent!));
  const { labels } = await node.segment(film(64));
  const drawn = await page.evaluate(() => {
    const canvas = document.querySelector("#mask") as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]! > 0);
  });
  assert.deepEqual(
    drawn,
    Array.from(labels.data, (label) => label > 0),
  );
  assert.match((await page.textContent("#status"))!, /first.*second/);
  assert.equal(await page.evaluate(() => document.querySelector("i")!.style.background), "rgb(230, 90, 60)");
  const volume = encodeNifti({ shape: [3, 16, 16], channels: 1, data: new Uint8Array(768), meaning: "shown" });
  await page.setInputFiles("#file", { name: "volume.nii", mimeType: "", buffer: Buffer.from(volume) });
  await page.waitForFunction(() => /slice [123] of 3: \d+ ms/.test(document.querySelector("#status")!.textContent!));
  assert.deepEqual([...hosts], [new URL(address).host]);
  await page.close();
});

test("a page without the headers has one thread, and is told why", { skip }, async () => {
  const page = await emptyPage({});
  const runtime = await page.evaluate(async () => {
    const { Segmenter } = await import("/segmenter/segmenter.js" as string);
    const { threads, notes } = (await Segmenter.load("/model", { threads: 2 })).runtime;
    return { threads, notes };
  });
  assert.equal(runtime.threads, 1);
  assert.match(runtime.notes.join(), /not cross-origin isolated.*Cross-Origin-Embedder-Policy/);
  await page.close();
});

test("a page is told what is wrong, and can stop", { skip }, async () => {
  const page = await emptyPage();
  const outcome = (source: string, act: "load" | "segment" | "abort") =>
    page.evaluate(
      async ([source, act]) => {
        const { Segmenter } = await import("/segmenter/segmenter.js" as string);
        try {
          const segmenter = await Segmenter.load(source);
          if (act === "segment") await segmenter.segment(new File(["no image"], "notes.txt"));
          if (act === "abort") {
            const controller = new AbortController();
            const data = new Uint8ClampedArray(4 * 500 * 500);
            const running = segmenter.segment({ width: 500, height: 500, data }, { signal: controller.signal });
            controller.abort();
            await running;
          }
          return "nothing";
        } catch (error) {
          const { name, code, message } = error as { name: string; code: string; message: string };
          return code === undefined || typeof code === "number" ? name : `${code} ${message}`;
        }
      },
      [source, act] as const,
    );
  assert.match(await outcome("/model", "segment"), /^ERR_IMAGE_FORMAT notes\.txt: expected an image/);
  assert.equal(await outcome("/model", "abort"), "AbortError");
  assert.match(await outcome("/nowhere", "load"), /^ERR_MODEL_FILE .*\/nowhere: .*found no model\.json/);
  const bytes = readFileSync(join(model, "model.onnx"));
  bytes[700]! ^= 1;
  writeFileSync(join(model, "model.onnx"), bytes);
  assert.match(await outcome("/model/", "load"), /^ERR_MODEL_FILE .*model\.onnx: was altered: expected the SHA-256/);
  changeCard((card) => {
    card.version = 2;
  });
  assert.match(await outcome("/model", "load"), /^ERR_MODEL_VERSION /);
  await page.close();
});
