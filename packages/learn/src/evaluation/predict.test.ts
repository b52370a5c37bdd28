import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecipeName } from "@medssl/datasets";
import { checkKind, checkSlices } from "./predict.ts";
import { uniqueNames } from "./prediction-inputs.ts";

test("no two files share a result's name", () => {
  assert.deepEqual(uniqueNames(["x/a.png", "y/a.jpg", "a-2.png", "z/A.png", "b.nii.gz"]), [
    "a",
    "a-2",
    "a-2-2",
    "A-3",
    "b",
  ]);
});

test("a scan of other numbers than were learned from is refused; a volume that does not say may be either", () => {
  const [bytes, words] = [new Uint8Array(1), new Int16Array(1)];
  const check = (dtype: "int16" | "uint8", scan: Parameters<typeof checkKind>[1]) =>
    checkKind("a", scan, { input: { dtype } });
  const refused = { code: "ERR_INPUT_KIND", message: /^a: the model was trained on .*, this file has / };
  for (const scan of [
    { meaning: "shown", data: bytes },
    { meaning: "relative", data: bytes },
    { meaning: "relative", data: words, modality: "MR" },
  ] as const) {
    assert.throws(() => check("int16", scan), refused);
    check("uint8", scan);
  }
  const ct = { meaning: "hounsfield", data: words, modality: "CT" } as const;
  assert.throws(() => check("uint8", ct), refused);
  check("int16", ct);
  for (const dtype of ["int16", "uint8"] as const) check(dtype, { meaning: "relative", data: words });
});

test("a DICOM file of another modality is refused, where both are known", () => {
  const data = new Int16Array(1);
  const check = (modality: string | undefined, kinds?: readonly RecipeName[]) =>
    checkKind("a", { meaning: "relative", data, modality }, { input: { dtype: "uint8" }, ...(kinds && { kinds }) });
  assert.throws(() => check("MR", ["xray"]), {
    code: "ERR_INPUT_KIND",
    message: "a: the model was trained on images of the kind xray, this file has the modality MR",
  });
  check("DX", ["xray"]);
  check("MR", ["mr", "xray"]);
  // Nobody says what the model, or the file, is.
  check("MR", ["picture"]);
  check("MR");
  check("OT", ["xray"]);
  check(undefined, ["xray"]);
});

test("a network that sees several slices at once refuses a picture", () => {
  assert.throws(() => checkSlices("a.png", { shape: [1, 8, 8] }, 1), {
    code: "ERR_INPUT_SLICES",
    message: "a.png: the model sees 3 slices of a volume at once, this file has one picture",
  });
  checkSlices("a.png", { shape: [1, 8, 8] }, 0);
  checkSlices("a.nii", { shape: [2, 8, 8] }, 1);
});
