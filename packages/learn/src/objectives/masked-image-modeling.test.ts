import assert from "node:assert/strict";
import { test } from "node:test";
import { manualSeed, rand, randn, scope, type Tensor, tensor } from "@medssl/torch";
import { ViT } from "../models/vit.ts";
import { loadStateDict, namedParameters } from "../nn/module.ts";
import { assertClose, readFixture } from "../testing/parity.ts";
import { MaskedAutoencoder, randomKeepIndices, reconstruct, reconstructionLoss } from "./masked-image-modeling.ts";

const small = {
  imageSize: 16,
  patchSize: 4,
  embedDim: 32,
  depth: 2,
  numHeads: 4,
  mlpRatio: 4,
  positions: "sincos",
} as const;
const makeModel = () => new MaskedAutoencoder(new ViT(small), { embedDim: 16, depth: 1, numHeads: 4 });

test("features, loss and every gradient are PyTorch's", () => {
  scope(() => {
    const fixture = readFixture("mae");
    const images = fixture.get("images")!;
    const model = makeModel();
    loadStateDict(model, fixture, { prefix: "model." });
    assertClose(model.encoder.forwardTokens(images), fixture.get("tokens")!, "tokens");
    const { loss, tokens } = reconstructionLoss(model, images, {
      keepIndices: fixture.get("keep_indices")!,
      varianceFloor: 1e-3,
    });
    assertClose(tokens, fixture.get("visible_tokens")!, "visible tokens");
    assertClose(loss, fixture.get("loss")!, "loss");
    loss.backward();
    for (const [name, { grad }] of namedParameters(model)) {
      assertClose(grad!, fixture.get(`gradient.${name}`)!, `gradient of ${name}`);
    }
  });
});
