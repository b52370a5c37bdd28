import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import type { ModelCard } from "@medssl/contract";
import { decodeNpy, encodeNpy, readImage, writePng } from "@medssl/imaging";

const main = join(import.meta.dirname, "..", "main.ts");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-export-"));
test.after(() => rmSync(root, { recursive: true }));

/** Refuses to load libtorch and all that needs it. */
const withoutTorch = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve(specifier, context, next) {
      if (/^@medssl\\/(torch|learn)/.test(specifier)) throw new Error("loads " + specifier);
      return next(specifier, context);
    },
  });`)}`;

function medssl(args: readonly string[], flags: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, main, ...args], {
    encoding: "utf8",
    cwd: root,
  });
  return { status, stdout, stderr };
}

const verify = (dir: string, ...args: string[]) => medssl(["verify", dir, "--threads", "1", ...args], [withoutTorch]);

before(() => {
  const tiny = ["steps=2", "batchSize=4", "inputSize=64"].flatMap((setting) => ["--set", setting]);
  for (const args of [
    ["phantom", "--task", "lungs", "--cases", "10", "--size", "64", "--out", "phantoms"],
    ["ingest", "phantoms", "--store", "store", "--size", "64x64", "--labels", "lungs"],
    ["finetune", "--store", "store", "--encoder", "none", "--head", "unet", ...tiny, "--out", "run", "--threads", "1"],
    ["export", "--model", "run", "--out", "model", "--precision", "fp32,int8", "--threads", "1"],
  ]) {
    const { status, stderr } = medssl(args);
    assert.equal(status, 0, `${args.join(" ")}: ${stderr}`);
  }
});

/** A copy of the model, changed. */
function modelWith(name: string, change: (dir: string) => void): string {
  cpSync(join(root, "model"), join(root, name), { recursive: true });
  change(join(root, name));
  return name;
}

/** Changes a file, and its hash in the card with it. */
function forge(dir: string, file: string, change: (bytes: Buffer) => Uint8Array): void {
  const bytes = change(readFileSync(join(dir, file)));
  writeFileSync(join(dir, file), bytes);
  const card = JSON.parse(readFileSync(join(dir, "model.json"), "utf8")) as ModelCard;
  card.files[file] = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  writeFileSync(join(dir, "model.json"), JSON.stringify(card));
}

test("a table says size, parity and loss of each file, and a line the Dice with its interval", () => {
  const { status, stdout, stderr } = medssl([
    "export",
    "--model",
    "run",
    "--out",
    "again",
    "--precision",
    "fp16",
    "--threads",
    "1",
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\nmodel\.onnx +\d\.\d\d +\d\.\de-\d +100\.000 +\d\.\de-\d +100\.000 +\d+\.\d\d +[+-]0\.000\n/);
  assert.match(stdout, /\nmodel\.fp16\.onnx +/);
  assert.match(stdout, /\nDice \d+\.\d \(95%: \d+\.\d to \d+\.\d\) on 2 images of 2 held-out patients\n/);
  assert.match(stdout, /\nlungs: SCT 39607008 \(Lung\)\n/);
});

test("an export is sound, and says so without libtorch", () => {
  const { status, stdout, stderr } = verify("model");
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout, /not run/);
  assert.match(stdout, /\nint8: golden image 1 +logits within .*, labels .*% the same +yes\n/);
  assert.match(stdout, /\nmodel: all 15 checks passed\.\n/);
});

test("a missing, a cut off and an altered file are told together; what is wrong first comes first", () => {
  const dir = modelWith("damaged", (folder) => {
    rmSync(join(folder, "model.int8.onnx"));
    truncateSync(join(folder, "golden/0/logits.npy"), 100);
    const weights = readFileSync(join(folder, "model.onnx"));
    weights[5000]! ^= 1;
    writeFileSync(join(folder, "model.onnx"), weights);
  });
  const { status, stdout, stderr } = verify(dir);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^medssl: damaged\/model\.onnx: was altered: expected the SHA-256 \w{64}, got \w{64} \(and 2 more\)\n/,
  );
  assert.match(stdout, /\nmodel\.int8\.onnx +missing +NO\n/);
  assert.match(stdout, /\ngolden\/0\/logits\.npy +100 bytes +NO\n/);
  assert.doesNotMatch(stdout, /golden image \d/);
  assert.match(stdout, /\nfp32: golden images +not run, because of the above +-\nint8: golden images +not run/);
  const { isSound, checks, notRun } = JSON.parse(verify(dir, "--json").stdout);
  assert.deepEqual([isSound, checks.filter(({ failure }: { failure?: string }) => failure).length], [false, 3]);
  assert.deepEqual(notRun, ["fp32", "int8"]);
});

test("other golden logits and other golden labels are told, whatever the hashes say", () => {
  const file = (change: (values: Float32Array | Uint8Array) => void) => (bytes: Buffer) => {
    const { shape, data } = decodeNpy(bytes, "golden");
    change(data as Float32Array | Uint8Array);
    return encodeNpy({ shape, data });
  };
  const logits = modelWith("logits", (dir) =>
    forge(
      dir,
      "golden/1/logits.npy",
      file((values) => {
        values[7]! += 0.01;
      }),
    ),
  );
  const first = verify(logits);
  assert.equal(first.status, 1);
  assert.match(
    first.stderr,
    /model\.onnx: golden image 1 gives other logits here: they differ by 0\.01\d*, at most 0\.0001/,
  );
  const labels = modelWith("labels", (dir) =>
    forge(
      dir,
      "golden/0/labels.npy",
      file((values) => void values.fill(1 - values[0]!, 0, 20)),
    ),
  );
  const second = verify(labels);
  assert.equal(second.status, 1);
  assert.match(
    second.stderr,
    /model\.onnx: golden image 0 gives other labels here: 99\.\d+% are the same, expected 99\.\d+%/,
  );
});

test("a model without golden images cannot be verified", () => {
  const without = modelWith("without-golden", (dir) => {
    const card = JSON.parse(readFileSync(join(dir, "model.json"), "utf8")) as ModelCard;
    const files = Object.fromEntries(Object.entries(card.files).filter(([file]) => !file.startsWith("golden/")));
    writeFileSync(join(dir, "model.json"), JSON.stringify({ ...card, golden: [], files }));
  });
  const { status, stderr } = verify(without);
  assert.equal(status, 1);
  assert.match(stderr, /^medssl: without-golden\/model\.json names no golden images: nothing says/);
});

test("a file that is no network, a later version and another folder are told", () => {
  const broken = verify(modelWith("broken", (dir) => forge(dir, "model.onnx", (bytes) => bytes.subarray(0, 999))));
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^medssl: broken\/model\.onnx: the ONNX runtime refuses it/);
  const newer = verify(
    modelWith("newer", (dir) => {
      const card = readFileSync(join(dir, "model.json"), "utf8").replace('"version": 1', '"version": 2');
      writeFileSync(join(dir, "model.json"), card);
    }),
  );
  assert.equal(newer.status, 1);
  assert.match(newer.stderr, /a card of version 2; this program reads versions up to 1\n +Update MedSSL-ViT/);
  const none = verify("store");
  assert.equal(none.status, 1);
  assert.match(none.stderr, /^medssl: store: expected the folder of an exported model, found no model\.json\n/);
});

test("a verification that is interrupted is no bug", () => {
  const interrupting = `--import=data:text/javascript,${encodeURIComponent(`
    const timer = setInterval(() => {
      if (process.listenerCount("SIGINT") === 0) return;
      clearInterval(timer);
      process.emit("SIGINT");
    }, 1);`)}`;
  const { status, stdout, stderr } = medssl(["verify", "model", "--threads", "1"], [interrupting]);
  assert.deepEqual([status, stdout], [130, ""]);
  assert.match(stderr, /^\nStopping after this step; press Ctrl-C again to stop at once\.\n$/);
});

test("mistakes in options are told in words", () => {
  const unknown = medssl(["export", "--model", "run", "--out", "x", "--precision", "fp8"]);
  assert.match(unknown.stderr, /Expected some of fp32, fp16, int8/);
  const exported = medssl(["export", "--model", "model", "--out", "x"]);
  assert.equal(exported.status, 1);
  assert.match(exported.stderr, /^medssl: --model model: is an exported model already, expected a fine-tuning run\n/);
  const { stdout: help } = medssl(["export", "--help"]);
  assert.match(help.replaceAll(/\s+/g, " "), /--precision <list> fp32, .* \(default: fp32\).* such as ct,mr \(default/);
  const exists = medssl(["export", "--model", "run", "--out", "model"]);
  assert.equal(exists.status, 1);
  assert.match(
    exists.stderr,
    /^medssl: model: holds an exported model already\n +Give another --out, or replace it by --overwrite\./,
  );
});

const python = process.env["MEDSSL_PYTHON"] ?? "python3";
const hasPython = spawnSync(python, ["-c", "import onnxruntime, PIL"]).status === 0;

test("the lines of Python in docs/export.md give the labels that we give", {
  skip: !hasPython && "Python (MEDSSL_PYTHON, else python3) has no onnxruntime and Pillow",
}, async () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/export.md"), "utf8");
  const [, script] = /```python\n([^`]*)```/.exec(page)!;
  const read = (name: string) => decodeNpy(readFileSync(join(root, "model/golden/0", name)), name);
  const { shape, data } = read("image.npy");
  const [, height, width] = shape as [number, number, number];
  await writePng(join(root, "image.png"), { width, height, channels: 1, data: data as Uint8Array });
  const { status, stderr } = spawnSync(python, ["-c", script!, "model", "image.png", "mask.png"], { cwd: root });
  assert.equal(status, 0, String(stderr));
  const mask = await readImage(join(root, "mask.png"));
  const labels = read("labels.npy").data as Uint8Array;
  assert.ok(new Set(labels).size === 2, "nothing to tell apart");
  const same = labels.reduce((count, label, i) => count + Number(label === mask.data[i]), 0) / labels.length;
  assert.ok(same > 0.97, `${(100 * same).toFixed(2)}% of the labels are the same`);
});
