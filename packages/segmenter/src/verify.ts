/**
 * Whether an exported model is what it was when it was exported, and gives here what it gave there.
 *
 * Checks   the card; size and SHA-256 of each file; then, where all of these hold, the golden images through each file of
 *          weights: the logits of one input, and the label map of the whole way. How far they may lie from libtorch's is in
 *          the card.
 * Errors   `ERR_MODEL_FILE` without a card, `ERR_MODEL_CARD`, `ERR_MODEL_VERSION`. What is wrong beyond that is a check that
 *          failed, so that all of it is told at once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MedsslError, type ModelCard } from "@medssl/contract";
import { decodeNpy, type NpyArray, type Scan, segmentScan } from "@medssl/imaging";
import type { Network } from "./engine/network.ts";
import { OnnxSliceSegmenter } from "./engine/onnx-slice-segmenter.ts";
import { openNetwork } from "./node/open-network.ts";
import { nodePlatform } from "./node/platform.ts";
import { checkModelFile, readCard } from "./worker/model-files.ts";

export interface ModelCheck {
  readonly what: string;
  readonly result: string;
  /** What is wrong, in a sentence; undefined where nothing is. */
  readonly failure?: string | undefined;
}

export interface Verification {
  readonly card: ModelCard;
  readonly checks: readonly ModelCheck[];
}

export interface VerifyOptions {
  /** @default all cores */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where the card names none: what exports of fp32 must keep. */
const TOLERANCE = { logits: 1e-4, labels: 0.9999 };

/** @param dir Folder of an exported model. */
export async function verifyModel(dir: string, { threads, signal }: VerifyOptions = {}): Promise<Verification> {
  const card = await readCard(dir, nodePlatform.readFile);
  const checks: ModelCheck[] = [{ what: "model.json", result: `version ${card.version}, by ${card.producer}` }];
  if (card.golden.length === 0) checks.push(nothingGolden(dir));
  for (const file of filesOf(card)) checks.push(await checkFile(dir, card, file));
  if (checks.every(({ failure }) => failure === undefined)) {
    for (const weights of card.weights) checks.push(...(await checkWeights(dir, card, weights, threads, signal)));
  }
  return { card, checks };
}

const nothingGolden = (dir: string): ModelCheck => ({
  what: "golden images",
  result: "none",
  failure: `${join(dir, "model.json")} names no golden images: nothing says what the model must give`,
});

/** All that the card names, and all whose hash it has. */
const filesOf = ({ weights, golden, files }: ModelCard): ReadonlySet<string> =>
  new Set([...weights.map(({ file }) => file), ...golden.flatMap((one) => Object.values(one)), ...Object.keys(files)]);

async function checkFile(dir: string, card: ModelCard, file: string): Promise<ModelCheck> {
  const checked = await checkModelFile(dir, card, file, nodePlatform.readFile);
  if (checked.fault) return { what: file, result: checked.fault.found, failure: checked.fault.message };
  return { what: file, result: `${checked.bytes.length} bytes, hash as in the card` };
}

async function checkWeights(
  dir: string,
  card: ModelCard,
  { precision, file, tolerance = TOLERANCE }: ModelCard["weights"][number],
  threads: number | undefined,
  signal: AbortSignal | undefined,
): Promise<ModelCheck[]> {
  const path = join(dir, file);
  let network: Network;
  try {
    network = await openNetwork(new Uint8Array(readFileSync(path)), { provider: "cpu", threads });
  } catch (cause) {
    if (cause instanceof MedsslError) throw cause;
    const failure = `${path}: the ONNX runtime refuses it (${(cause as Error).message})`;
    return [{ what: `${precision}: opened`, result: "refused", failure }];
  }
  try {
    const checks: ModelCheck[] = [];
    for (const [number, golden] of card.golden.entries()) {
      signal?.throwIfAborted();
      const read = (name: keyof typeof golden) => readArray(join(dir, golden[name]));
      const what = `${precision}: golden image ${number}`;
      const difference = await logitDifference(network, read("input"), read("logits"));
      const same = await sameLabels(network, card, read("image"), read("labels"));
      checks.push({
        what,
        result: `logits within ${difference.toExponential(1)}, labels ${(100 * same).toFixed(3)}% the same`,
        failure: goldenFailure(`${path}: golden image ${number}`, { difference, same }, tolerance),
      });
    }
    return checks;
  } finally {
    await network.release();
  }
}

function goldenFailure(
  where: string,
  { difference, same }: { difference: number; same: number },
  tolerance: typeof TOLERANCE,
): string | undefined {
  if (!(difference <= tolerance.logits)) {
    return `${where} gives other logits here: they differ by ${difference.toPrecision(3)}, at most ${tolerance.logits} is allowed`;
  }
  if (same >= tolerance.labels) return undefined;
  return `${where} gives other labels here: ${(100 * same).toFixed(3)}% are the same, expected ${100 * tolerance.labels}%`;
}

const readArray = (path: string): NpyArray => decodeNpy(readFileSync(path), path);

async function logitDifference(network: Network, input: NpyArray, logits: NpyArray): Promise<number> {
  const shape = input.shape as unknown as Parameters<Network["run"]>[1];
  const found = await network.run(input.data as Float32Array, shape);
  if (found.length !== logits.data.length) return Number.NaN;
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - logits.data[i]!)), 0);
}

/** Share of the pixels with the golden label. */
async function sameLabels(network: Network, card: ModelCard, image: NpyArray, labels: NpyArray): Promise<number> {
  const { plan, classes } = card;
  const scan: Scan = {
    shape: image.shape as unknown as Scan["shape"],
    channels: 1,
    data: image.data,
    meaning: plan.slices.dtype === "int16" ? "hounsfield" : "shown",
  };
  const slices = new OnnxSliceSegmenter(network, plan, classes.length + 1, async () => {});
  const found = await segmentScan(scan, slices, { plan, numLabels: classes.length });
  const same = found.labels.reduce((count, label, i) => count + Number(label === labels.data[i]), 0);
  return same / found.labels.length;
}
