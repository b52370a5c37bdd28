import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mapNpy, readSafetensors, scope, tensor, writeSafetensors } from "./index.ts";

const dir = mkdtempSync(join(tmpdir(), "medssl-torch-"));

test("tensors of every type come back as they were, with the metadata", () => {
  const path = join(dir, "all.safetensors");
  const dtypes = [
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "bool",
  ] as const;
  scope(() => {
    const written = dtypes.map(
      (dtype) =>
        [
          dtype,
          tensor(
            [
              [0, 1, 1],
              [1, 0, 1],
            ],
            { dtype },
          ),
        ] as const,
    );
    writeSafetensors(path, written, { made: "here \u00e4" });
    const { tensors, metadata } = readSafetensors(path);
    assert.equal(metadata["made"], "here \u00e4");
    for (const [dtype, expected] of written) {
      assert.equal(tensors.get(dtype)?.dtype, dtype);
      assert.deepEqual(tensors.get(dtype)?.toNested(), expected.toNested());
    }
  });
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("writing to a mapped tensor does not change the file", () => {
  const path = join(dir, "shared.safetensors");
  writeSafetensors(path, [["x", tensor([1, 2, 3])]]);
  readSafetensors(path).tensors.get("x")!.fill_(9);
  assert.deepEqual(readSafetensors(path).tensors.get("x")!.toNested(), [1, 2, 3]);
});

test("a file that was cut off, or is none, is refused with its name", () => {
  const path = join(dir, "cut.safetensors");
  writeSafetensors(path, [["weight", tensor([1, 2, 3, 4])]]);
  truncateSync(path, 80);
  assert.throws(() => readSafetensors(path), { code: "ERR_SAFETENSORS", message: /cut\.safetensors/ });
  writeFileSync(path, "hello");
  assert.throws(() => readSafetensors(path), { code: "ERR_SAFETENSORS" });
  writeFileSync(path, "\x02\0\0\0\0\0\0\0{]");
  assert.throws(() => readSafetensors(path), { code: "ERR_SAFETENSORS", message: /JSON/ });
});

test("a damaged header is refused, whatever it says", () => {
  const path = join(dir, "header.safetensors");
  const entry = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  const headers = [null, { a: null }, { a: {} }, { a: { ...entry, shape: [-1] } }, { a: { ...entry, shape: 1 } }];
  for (const header of [...headers, { a: { ...entry, data_offsets: [-4, 0] } }, { a: { ...entry, dtype: "F3" } }]) {
    const text = JSON.stringify(header).padEnd(128);
    writeFileSync(path, `\x80\0\0\0\0\0\0\0${text}\0\0\0\0`, "latin1");
    assert.throws(() => readSafetensors(path), { code: "ERR_SAFETENSORS" }, text);
  }
});

// numpy.save of arange(6, dtype=int16).reshape(2, 3), byte for byte.
const npy = Buffer.concat([
  Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
  Buffer.from("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117, " ")),
  Buffer.from("\n\0\0\x01\0\x02\0\x03\0\x04\0\x05\0", "latin1"),
]);

test("NumPy's arrays are mapped with their shape and type", () => {
  const path = join(dir, "a.npy");
  writeFileSync(path, npy);
  const array = mapNpy(path);
  assert.equal(array.dtype, "int16");
  assert.deepEqual(array.toNested(), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test("a damaged array file is refused", () => {
  const path = join(dir, "b.npy");
  writeFileSync(path, npy.subarray(0, npy.length - 2));
  assert.throws(() => mapNpy(path), { code: "ERR_NPY", message: /expected 140 bytes.*got 138/ });
  writeFileSync(path, "NUMPY");
  assert.throws(() => mapNpy(path), { code: "ERR_NPY" });
});
