/**
 * The model of a prediction: the folder of a fine-tuning run, which libtorch runs, or an exported model, which ONNX Runtime
 * does. What is in the folder says which; only that engine is loaded, and only where there is something to segment.
 *
 * Hash     of the run's settings and weights, or of the exported model's card, which has the hashes of all its files.
 * Errors   `ERR_MODEL_FOLDER`, `ERR_OPTION_PRECISION`, `ERR_OPTION_DEVICE`, those of the card and of opening.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { MedsslError, parseModelCard, type WeightPrecision } from "@medssl/contract";
import type { PredictionModel } from "@medssl/datasets";
import { type ComputeOptions, prepareCompute } from "./compute-options.ts";

export interface ModelOptions extends ComputeOptions {
  readonly model: string;
  readonly precision?: WeightPrecision;
  readonly overlap?: number;
  readonly flips?: "none" | "horizontal" | "both";
  readonly postProcessing: boolean;
  readonly native?: boolean;
  readonly cropBorders?: boolean;
}

export async function predictionModel(options: ModelOptions): Promise<PredictionModel> {
  const { model: dir } = options;
  if (existsSync(join(dir, "model.json"))) return await exportedModel(options);
  if (existsSync(join(dir, "run.json"))) return await trainedModel(options);
  throw new MedsslError("ERR_MODEL_FOLDER", `${dir}: expected a folder with run.json or model.json, found neither`, {
    hint: "Give --out of `medssl finetune`, or of `medssl export`.",
  });
}

/** What decides how a label map looks beside the model; only what was asked for. */
export const modelSettings = (options: ModelOptions) => {
  const { precision, overlap, flips, postProcessing, native, cropBorders } = options;
  return {
    ...(precision === undefined ? {} : { precision }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(flips === undefined ? {} : { flips }),
    ...(postProcessing ? {} : { postProcessing }),
    ...(native ? { native } : {}),
    ...(cropBorders === undefined ? {} : { cropBorders }),
  };
};

async function exportedModel(options: ModelOptions): Promise<PredictionModel> {
  const { model: dir, device, threads, precision } = options;
  const path = join(dir, "model.json");
  const text = await readFile(path, "utf8");
  const { name } = parseModelCard(text, path);
  if (device !== "cpu" && device !== "webgpu") {
    throw new MedsslError("ERR_OPTION_DEVICE", `--device ${device}: an exported model runs on cpu or webgpu here`, {
      hint: "Give the fine-tuning run itself to use this device.",
    });
  }
  return {
    name,
    kind: "exported",
    sha256: createHash("sha256").update(text).digest("hex"),
    async open() {
      const { Segmenter } = await import("@medssl/segmenter");
      return await Segmenter.load(dir, {
        ...{ provider: device, threads, ...inferenceOf(options) },
        ...(precision === undefined ? {} : { precision }),
      });
    },
  };
}

async function trainedModel(options: ModelOptions): Promise<PredictionModel> {
  const { model: dir, device, precision } = options;
  if (precision !== undefined) {
    throw new MedsslError(
      "ERR_OPTION_PRECISION",
      `--precision ${precision}: ${dir} is a fine-tuning run, which has one`,
      {
        hint: "Precisions are those of an exported model: `medssl export --precision`.",
      },
    );
  }
  return {
    name: basename(resolve(dir)),
    kind: "run",
    sha256: await hashOf(join(dir, "run.json"), join(dir, "model.safetensors")),
    async open() {
      await prepareCompute(options);
      const { openTorchSegmenter } = await import("@medssl/learn");
      return openTorchSegmenter(dir, { device, ...inferenceOf(options) });
    },
  };
}

const inferenceOf = ({ overlap, flips, postProcessing, native, cropBorders }: ModelOptions) => ({
  inference: {
    ...(overlap === undefined ? {} : { tileOverlap: overlap }),
    ...(flips === undefined ? {} : { flips }),
  },
  isCleaned: postProcessing,
  isNative: native ?? false,
  cropsBlackBorder: cropBorders,
});

/** A file that is missing is told of when the run is opened. */
async function hashOf(...paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths.filter((one) => existsSync(one))) {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  }
  return hash.digest("hex");
}
