import assert from "node:assert/strict";
import { test } from "node:test";
import { modelCardSchema, parseClassCodes, parseModelCard } from "./model-card.ts";

test("a later version's card is told as such, before anything of it is looked at", () => {
  const text = JSON.stringify({ format: "medssl-model", version: 2, whatever: [] });
  assert.throws(() => parseModelCard(text, "model.json"), {
    code: "ERR_MODEL_VERSION",
    message: "model.json: a card of version 2; this program reads versions up to 1",
    hint: /Update MedSSL-ViT/,
  });
});

test("a damaged card names its field; what is no card is told as such", () => {
  const damaged = JSON.stringify({ format: "medssl-model", version: 1, name: 3 });
  assert.throws(() => parseModelCard(damaged, "model.json"), { code: "ERR_MODEL_CARD", message: /damaged: name: / });
  assert.throws(() => parseModelCard("{", "model.json"), { code: "ERR_MODEL_CARD", message: /no JSON$/ });
  assert.throws(() => parseModelCard("null", "a.json"), {
    code: "ERR_MODEL_CARD",
    message: /^a\.json: .*something else/,
  });
});

test("a card names files below its folder only", () => {
  const { weights, golden, files } = modelCardSchema.shape;
  const hash = { sha256: "0".repeat(64), bytes: 1 };
  const accepts = (file: string) =>
    [
      weights.safeParse([{ precision: "fp32", file }]),
      golden.safeParse([{ image: file, labels: file, logits: file, input: file }]),
      files.safeParse({ [file]: hash }),
    ].map(({ success }) => success);
  for (const file of ["model.onnx", "golden/0/image.npy"]) assert.deepEqual(accepts(file), [true, true, true], file);
  for (const file of ["../secret", "a/../../secret", "/etc/passwd", "a//b", "..", "c:\\x", "http://x/y", ""]) {
    assert.deepEqual(accepts(file), [false, false, false], file);
  }
});

test("codes of classes may be given in part; a mistake names its place", () => {
  const type = { scheme: "SCT", value: "39607008", meaning: "Lung" };
  assert.deepEqual(parseClassCodes(JSON.stringify({ lungs: { type } }), "codes.json"), { lungs: { type } });
  const code = "ERR_CLASS_CODES";
  const wrong = JSON.stringify({ lungs: { type: { scheme: "SCT", value: 39607008, meaning: "Lung" } } });
  assert.throws(() => parseClassCodes(wrong, "codes.json"), { code, message: /^codes\.json: lungs\.type\.value: / });
  assert.throws(() => parseClassCodes("lungs", "codes.json"), { code, message: /no JSON$/ });
});
