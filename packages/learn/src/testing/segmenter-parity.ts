/** Holding a segmentation network against PyTorch's: logits, loss and the gradient of every parameter; for tests. */
import assert from "node:assert/strict";
import type { Tensor } from "@medssl/torch";
import type { SegmentationNetwork } from "../models/segmentation-network.ts";
import { namedParameters } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { assertClose, digest } from "./parity.ts";

/** @param fixture Tensors of a file that make-parity.py or make-vit-heads.py wrote @param name The network's name there */
export function assertSegmenterParity(
  network: SegmentationNetwork,
  fixture: ReadonlyMap<string, Tensor>,
  name: string,
): void {
  const logits = network.forward(fixture.get("images")!);
  const { loss } = segmentationLoss(logits, fixture.get("labels")!.to({ dtype: "int64" }));
  assertClose(digest(logits), fixture.get(`${name}.logits`)!, "logits");
  assertClose(loss, fixture.get(`${name}.loss`)!, "loss");
  loss.backward();
  const withGradient = namedParameters(network).filter(([, { grad }]) => grad !== undefined);
  const expected = [...fixture.keys()].filter((key) => key.startsWith(`${name}.gradient.`));
  assert.deepEqual(withGradient.map(([key]) => `${name}.gradient.${key}`).sort(), expected.sort());
  for (const [key, { grad }] of withGradient) {
    assertClose(digest(grad!), fixture.get(`${name}.gradient.${key}`)!, key);
  }
}
