/** Files to masks as `medssl predict` does it, by libtorch or by the exported model. */
import { type PredictionModel, predict } from "@medssl/datasets";
import type { ScanSegmenter } from "@medssl/imaging";
import { serve } from "../contender.ts";

let model: PredictionModel;

await serve({
  async prepare({ run, threads, engine }: { run: string; threads: number; engine: "libtorch" | "onnx" }) {
    const segmenter = await (engine === "libtorch" ? openTorch(run, threads) : openOnnx(run, threads));
    const kind = engine === "libtorch" ? "run" : "exported";
    model = { name: engine, kind, sha256: "0".repeat(64), open: async () => kept(segmenter) };
    return {};
  },
  async steps({ files, out }: { files: readonly string[]; out: string }) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    const { predictions } = await predict({
      model,
      inputs: async () => files,
      out,
      formats: ["png", "nifti"],
      hasOverlays: false,
      settings: {},
      producer: "benchmark",
      isOverwriting: true,
      numWorkers: 2,
      listen: () => {},
    });
    if (predictions.length !== files.length) throw new Error(`${predictions.length} masks of ${files.length} files`);
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds: (performance.now() - start) / 1e3, cpuSeconds: (user + system) / 1e6 };
  },
  memory: () => ({ bytes: process.resourceUsage().maxRSS * 1024 }),
});

/** The same segmenter for the next turn. */
function kept(segmenter: ScanSegmenter): ScanSegmenter {
  return {
    name: segmenter.name,
    classes: segmenter.classes,
    plan: segmenter.plan,
    segmentShown: (shown, options) => segmenter.segmentShown(shown, options),
    async dispose() {},
  };
}

async function openTorch(run: string, threads: number): Promise<ScanSegmenter> {
  const [{ openTorchSegmenter }, { setNumThreads }] = await Promise.all([
    import("@medssl/learn"),
    import("@medssl/torch"),
  ]);
  setNumThreads(threads);
  return openTorchSegmenter(run, { device: "cpu" });
}

async function openOnnx(exported: string, threads: number): Promise<ScanSegmenter> {
  const { Segmenter } = await import("@medssl/segmenter");
  return await Segmenter.load(exported, { threads });
}
