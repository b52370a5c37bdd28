/**
 * Whether an exported network computes what the trained one does.
 *
 * Limit    logits within 1e-4 of libtorch's. Where they are not, both are held against libtorch in float64: on some images
 *          float32 is no more exact than that, and the exported network may be as inexact as the trained one, not more.
 * Errors   `ERR_EXPORT_PARITY`
 */
import { MedsslError } from "@medssl/contract";
import type { Device } from "@medssl/torch";
import { loadSegmenter } from "../inference/load-segmenter.ts";
import { castModule } from "../nn/module.ts";
import { largestDifference, torchLogits, type WorstAnswer } from "./queued-network.ts";

/** Of a logit of model.onnx, from libtorch's. */
export const LARGEST_DIFFERENCE = 1e-4;

/** How much further from the exact logits than libtorch's own. */
const SLACK = 1.5;

/**
 * @param images What they are, for sentences.
 * @returns A note for the user where float32 is not exact enough to tell.
 * @throws {MedsslError} `ERR_EXPORT_PARITY`
 */
export function checkParity(
  dir: string,
  images: string,
  { difference, input, found, wanted }: WorstAnswer,
  device: Device,
): string[] {
  if (difference <= LARGEST_DIFFERENCE) return [];
  const network = castModule(loadSegmenter(dir, device).network, "float64");
  const exact = torchLogits(network, input, device, "float64");
  const [theirs, ours] = [largestDifference(found, exact), largestDifference(wanted, exact)];
  const [apart, off, own] = [difference, theirs, ours].map((value) => value.toPrecision(3));
  if (theirs <= Math.max(LARGEST_DIFFERENCE, SLACK * ours)) {
    return [
      `On ${images} a logit of model.onnx differs by ${apart} from libtorch's. Rounding in float32 does that: from the exact one, in float64, model.onnx is off by ${off}, libtorch by ${own}.`,
    ];
  }
  throw new MedsslError(
    "ERR_EXPORT_PARITY",
    `The exported network is not the trained one: on ${images} a logit differs by ${apart}, at most ${LARGEST_DIFFERENCE} is allowed; from the exact one it is off by ${off}, libtorch by ${own}`,
    { hint: "Nothing was exported. This is a fault of the export: please report it with the run's run.json." },
  );
}
