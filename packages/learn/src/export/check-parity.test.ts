import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { finetuneSchema, parseRecipe } from "@medssl/contract";
import { setNumThreads } from "@medssl/torch";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { castModule } from "../nn/module.ts";
import { discStore, testFolder } from "../testing/disc-store.ts";
import { finetune } from "../training/finetune.ts";
import { checkParity } from "./check-parity.ts";
import { largestDifference, type NetworkInput, torchLogits, worseOf } from "./queued-network.ts";

const dir = testFolder();
const RUN = join(dir, "run");
const input: NetworkInput = {
  images: Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin(i / 7)),
  shape: [1, 1, 32, 32],
};
let exact: Float32Array;

before(async () => {
  setNumThreads(1);
  const store = await discStore(dir, 2);
  const recipe = parseRecipe(finetuneSchema, { head: "unet", inputSize: 32, steps: 1, batchSize: 2 });
  const selections = [{ store, cases: store.cases }];
  const folder = { name: "discs", dir: RUN, isResumed: false, device: "cpu" as const, listen: () => {} };
  await finetune({ ...folder, selections, heldOutPatients: [], recipe, encoder: undefined });
  exact = torchLogits(castModule(loadSegmenter(RUN, "cpu").network, "float64"), input, "cpu", "float64");
});

const moved = (by: number) => exact.map((value, i) => value + (i === 5 ? by : 0));
const check = (found: Float32Array, wanted: Float32Array) =>
  checkParity(RUN, "images", { difference: largestDifference(found, wanted), input, found, wanted }, "cpu");

test("float64 gives what float32 gives, but for rounding", () => {
  const { network } = loadSegmenter(RUN, "cpu");
  const difference = largestDifference(torchLogits(network, input, "cpu"), exact);
  assert.ok(difference > 0 && difference < 1e-4, `${difference}`);
});

test("differences up to 1e-4 pass; larger ones where the trained network is as far from the exact logits", () => {
  assert.deepEqual(check(moved(9e-5), exact), []);
  const [note] = check(exact, moved(3e-4));
  assert.match(
    note!,
    /^On images a logit of model\.onnx differs by 0\.000(300|299)\d* .* off by 0\.00, libtorch by 0\.000/,
  );
  assert.throws(() => check(moved(3e-4), exact), { code: "ERR_EXPORT_PARITY", message: /differs by 0\.000(300|299)/ });
  assert.throws(() => check(moved(Number.NaN), exact), { code: "ERR_EXPORT_PARITY", message: /differs by NaN/ });
});

test("an answer that is no number is worse than any", () => {
  const of = (difference: number) => ({ difference, input, found: exact, wanted: exact });
  const differences = [0.1, Number.NaN, 0.2].map(of);
  assert.ok(Number.isNaN(differences.reduce((worst, one) => worseOf(worst, one)).difference));
  assert.equal(worseOf(of(0.2), of(0.1)).difference, 0.2);
});
