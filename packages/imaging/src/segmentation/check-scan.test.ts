import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scan } from "../scan.ts";
import { checkScan } from "./check-scan.ts";

const picture: Scan = { shape: [1, 1, 1], channels: 1, data: new Uint8Array(1), meaning: "relative" };
const grayModel = { slices: { dtype: "uint8" as const }, kinds: ["xray"], contextSlices: 0 } satisfies Parameters<
  typeof checkScan
>[2];

test("a scan of other numbers than were learned from is refused", () => {
  const [bytes, words] = [new Uint8Array(1), new Int16Array(1)];
  const check = (dtype: "int16" | "uint8", scan: Pick<Scan, "meaning" | "data" | "modality">) =>
    checkScan("a", { ...picture, ...scan }, { slices: { dtype }, kinds: [], contextSlices: 0 });
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
});

test("a volume that does not say what its numbers are is told by the least one", () => {
  const check = (dtype: "int16" | "uint8", values: number[], scan: Partial<Scan> = {}) =>
    checkScan(
      "a.nii",
      { ...picture, meaning: "relative", data: Int16Array.from(values), ...scan },
      { slices: { dtype }, kinds: [], contextSlices: 0 },
    );
  const [ct, mr, cut] = [
    [40, -1024, 300],
    [40, 0, 300],
    [40, -175, 250],
  ];
  assert.deepEqual(check("int16", ct), []);
  assert.throws(() => check("int16", mr), {
    code: "ERR_INPUT_KIND",
    message:
      "a.nii: the model was trained on Hounsfield units, where air is -1000, this file has no value below 0 (the least is 0): it looks like MR, or like CT stored with an offset",
    hint: /offset, such as 1024/,
  });
  assert.match(check("int16", cut).join(), /the least value here is -175/);
  assert.throws(() => check("uint8", ct), {
    code: "ERR_INPUT_KIND",
    message:
      "a.nii: the model was trained on grey values of 8 bits, this file has values down to -1024, which is air in Hounsfield units: it looks like CT",
  });
  // A map of phases, and floats that were standardized, are no CT.
  for (const values of [mr, cut, [-4096, -1000, 4095]]) assert.deepEqual(check("uint8", values), []);
  assert.deepEqual(check("uint8", [], { data: Float32Array.of(Number.NaN, -2.5, 3) }), []);
  assert.throws(() => check("uint8", ct, { modality: "OT" }), { code: "ERR_INPUT_KIND" });
  // The file says it.
  check("int16", mr, { modality: "CT" });
  check("uint8", ct, { modality: "MR" });
});

test("a model of single pictures refuses a volume, but not the frames of a capture", () => {
  const data = new Int16Array(3);
  const check = (kinds: string[], scan: Partial<Scan> = {}) =>
    checkScan(
      "a.nii",
      { ...picture, meaning: "relative", shape: [3, 1, 1], data, ...scan },
      { slices: { dtype: "uint8" }, kinds, contextSlices: 0 },
    );
  assert.throws(() => check(["xray"]), {
    code: "ERR_INPUT_KIND",
    message: "a.nii: the model was trained on single pictures of the kind xray, this file has a volume of 3 slices",
  });
  assert.throws(() => check(["fundus", "xray"]), { code: "ERR_INPUT_KIND" });
  for (const kinds of [["mr"], ["xray", "mr"], ["picture"], []]) check(kinds);
  check(["xray"], { meaning: "shown" });
  check(["xray"], { modality: "RF" });
  check(["xray"], { shape: [1, 3, 1] });
});

test("a DICOM file of another modality is refused, where both are known", () => {
  const data = new Int16Array(1);
  const check = (modality: string | undefined, kinds: string[] = []) =>
    checkScan("a", { ...picture, data, modality }, { slices: { dtype: "uint8" }, kinds, contextSlices: 0 });
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
  assert.throws(() => check("US", ["xray"]), { code: "ERR_INPUT_KIND" });
  check(undefined, ["xray"]);
});

test("a network that sees several slices at once refuses a picture", () => {
  const check = (name: string, depth: number, contextSlices: number) =>
    checkScan(name, { ...picture, shape: [depth, 8, 8] }, { ...grayModel, kinds: [], contextSlices });
  assert.throws(() => check("a.png", 1, 1), {
    code: "ERR_INPUT_SLICES",
    message: "a.png: the model sees 3 slices of a volume at once, this file has one picture",
  });
  check("a.png", 1, 0);
  check("a.nii", 2, 1);
});

test("a photograph is no X-ray; a picture whose channels are alike is grey, whatever its file says", () => {
  const size = 100;
  const photo = (numColored: number): Scan => ({
    ...picture,
    shape: [1, 10, 10],
    channels: 3,
    data: Uint8Array.from({ length: 3 * size }, (_, i) => (i % 3 === 0 && i < 3 * numColored ? 200 : 100)),
  });
  assert.throws(() => checkScan("a.jpg", photo(50), grayModel), {
    code: "ERR_INPUT_COLOR",
    message: "a.jpg: the model was trained on grey images of the kind xray, this one has colors",
  });
  checkScan("a.jpg", photo(0), grayModel);
  // A colored marker on a grey film.
  checkScan("a.jpg", photo(4), grayModel);
  checkScan("a.jpg", photo(50), { ...grayModel, kinds: ["fundus"] });
});
