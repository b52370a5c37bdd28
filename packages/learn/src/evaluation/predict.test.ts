import assert from "node:assert/strict";
import { test } from "node:test";
import { checkKind, uniqueNames } from "./predict.ts";

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
  const check = (dtype: "int16" | "uint8", scan: Parameters<typeof checkKind>[1]) => checkKind("a", scan, { dtype });
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
