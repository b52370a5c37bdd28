/** Files to masks as `medssl predict` does it, by libtorch or by the exported model. */
import { predict } from "@medssl/datasets";
import type { ScanSegmenter } from "@medssl/imaging";
import { serve } from "../contender.ts";

let segmenter: ScanSegmenter;

await serve({
  async prepare({ run, threads, engine }: { run: string; threads: number; engine: "libtorch" | "onnx" }) {
    segmenter = await (engine === "libtorch" ? openTorch(run, threads) : openOnnx(run, threads));
    return {};
  },
  async steps({ files, out }: { files: readonly string[]; out: string }) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    const { predictions } = await predict({
      segmenter,
      inputs: files,
      out,
      formats: ["png", "nifti"],
      hasOverlays: false,
      isOverwritten: true,
      listen: () => {},
    });
    if (predictions.length !== files.length) throw new Error(`${predictions.length} masks of ${files.length} files`);
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds: (performance.now() - start) / 1e3, cpuSeconds: (user + system) / 1e6 };
  },
  memory: () => ({ bytes: process.resourceUsage().maxRSS * 1024 }),
});

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
