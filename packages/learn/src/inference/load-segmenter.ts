import { type Device, readSafetensors, scope } from "@medssl/torch";
import { buildSegmenter, type SegmentationNetwork } from "../models/build-segmenter.ts";
import { freezeModule, loadStateDict, moveModule } from "../nn/module.ts";
import { type FinetuneRun, modelPath, readCompleteRun } from "../training/run-directory.ts";

/** The network of a complete fine-tuning run. */
export function loadSegmenter(dir: string, device: Device): { run: FinetuneRun; network: SegmentationNetwork } {
  const run = readCompleteRun(dir, "finetune");
  const network = buildSegmenter(run.recipe, run.labels.length);
  scope(() => loadStateDict(network, readSafetensors(modelPath(dir)).tensors, { source: modelPath(dir) }));
  return { run, network: freezeModule(moveModule(network, device)) };
}
