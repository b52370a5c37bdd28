/**
 * Files to written masks: ours by libtorch and by the exported ONNX model, and the same network in Python with pydicom,
 * Pillow or nibabel, PyTorch and MONAI's inferer.
 *
 * Warm      both sides have the network loaded and have segmented the files before; single films one after another, so that
 *           nothing overlaps but within a file; `8 films` are given at once.
 * Check     both must give the same labels on 99.9% of the pixels, before anything is timed: the sides resize by their own
 *           libraries, so borders may differ by a pixel here and there.
 * Ratio     of the time, the median over pairs of turns, with the middle half of them.
 * Cold      `medssl predict` of one picture, from the start of the program to its end: the median of five.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeMaskScan, readImageBytes } from "@medssl/imaging";
import { Contender } from "./contender.ts";
import { benchDir, predictionPython } from "./peers.ts";
import { type Model, predictInputs } from "./predict/inputs.ts";
import { takeTurns, timingColumns } from "./pretrain/turns.ts";
import type { BenchmarkResult } from "./run.ts";
import { fixed, median } from "./statistics.ts";

const THREADS = 2;

interface Work {
  readonly name: string;
  readonly model: Model;
  readonly files: readonly string[];
  readonly rounds: number;
}

export async function run(): Promise<BenchmarkResult> {
  const python = predictionPython();
  const { films, pictures, scan, models } = await predictInputs(python);
  const works: readonly Work[] = [
    { name: "film, DICOM 2048x2048", model: models.xray, files: films.slice(0, 1), rounds: 21 },
    { name: "picture, PNG 1024x1024", model: models.xray, files: pictures.slice(0, 1), rounds: 21 },
    { name: "8 films at once", model: models.xray, files: films, rounds: 11 },
    { name: "CT 512x512x120, .nii.gz", model: models.ct, files: [scan], rounds: 3 },
  ];
  const rows: Record<string, string | number>[] = [];
  for (const work of works) {
    for (const engine of ["libtorch", "onnx"] as const) {
      const row = await compare(python, work, engine);
      console.error(`${row.what}, ${row.ours}: ${row.ratio} of the time`, row);
      rows.push(row);
    }
  }
  return { name: "predict", rows: [...rows, ...coldStarts(models.xray, pictures[0]!)] };
}

async function compare(python: string, { name, model, files, rounds }: Work, engine: "libtorch" | "onnx") {
  const ours = Contender.ours("predict/ours.ts");
  const theirs = Contender.theirs(python, "peers/predict.py");
  const out = (side: string) => join(benchDir, "predict", `out-${side}`);
  for (const side of ["ours", "theirs"]) {
    rmSync(out(side), { recursive: true, force: true });
    mkdirSync(out(side), { recursive: true });
  }
  try {
    await ours.ask("prepare", { run: engine === "onnx" ? model.exported : model.run, threads: THREADS, engine });
    const { manner } = await theirs.ask<{ manner: string }>("prepare", { run: model.run, threads: THREADS });
    const turn = (side: Contender, dir: string) => () =>
      side.ask<{ seconds: number; cpuSeconds: number }>("steps", { files, out: dir });
    await turn(ours, out("ours"))();
    await turn(theirs, out("theirs"))();
    const same = await sameLabels(files, join(out("ours"), "masks"), out("theirs"));
    assert.ok(same > 0.999, `${name}: the same labels on ${same} of the pixels only`);
    const timing = await takeTurns({ rounds, stepsInATurn: 1 }, turn(ours, out("ours")), turn(theirs, out("theirs")));
    const memory = async (side: Contender) => (await side.ask<{ bytes: number }>("memory")).bytes / 1e6;
    return {
      what: name,
      ours: engine,
      peer: manner,
      ...timingColumns(timing, 1),
      "ours MB": fixed(await memory(ours), 0),
      "theirs MB": fixed(await memory(theirs), 0),
      "same labels": fixed(same, 5),
    };
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}

/** Share of the pixels with the same label, over all files. */
async function sameLabels(files: readonly string[], ours: string, theirs: string): Promise<number> {
  let [same, all] = [0, 0];
  for (const file of files) {
    const stem = basename(file).split(".")[0]!;
    const name = file.endsWith(".nii.gz") ? `${stem}.nii.gz` : `${stem}.png`;
    const [own, other] = await Promise.all(
      [ours, theirs].map(async (dir) => (await decodeMaskScan(await readImageBytes(join(dir, name)), name)).data),
    );
    assert.equal(own!.length, other!.length);
    for (let i = 0; i < own!.length; i++) if (own![i] === other![i]) same++;
    all += own!.length;
  }
  return same / all;
}

/** Of the command line, from its start to the mask. */
function coldStarts({ run: dir, exported }: Model, picture: string) {
  const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
  const out = join(benchDir, "predict", "out-cold");
  return (
    [
      ["libtorch", dir],
      ["onnx", exported],
    ] as const
  ).map(([engine, model]) => {
    const seconds = Array.from({ length: 5 }, () => {
      rmSync(out, { recursive: true, force: true });
      const start = performance.now();
      execFileSync(process.execPath, [main, "predict", "--model", model, picture, "--out", out], { stdio: "ignore" });
      return (performance.now() - start) / 1e3;
    });
    return { what: "cold start of the command line", ours: engine, "ours ms": Math.round(1e3 * median(seconds)) };
  });
}
