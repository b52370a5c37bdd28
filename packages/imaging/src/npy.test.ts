import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeNpy, encodeNpy } from "./npy.ts";

/** What `numpy.save` of numpy 2.4 writes: the header's fields, then the data in base64. */
const file = (fields: string, data: string) =>
  Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00v\x00${fields.padEnd(117)}\n`, "latin1"), Buffer.from(data, "base64")]);

const written = [
  {
    array: { shape: [1, 2, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5) },
    bytes: file("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }", "AAECAwQF"),
  },
  {
    array: { shape: [2], data: Int16Array.of(-1, 300) },
    bytes: file("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", "//8sAQ=="),
  },
  {
    array: { shape: [1, 2], data: Float32Array.of(0.5, -2) },
    bytes: file("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "AAAAPwAAAMA="),
  },
];

test("arrays are written byte for byte as numpy writes them, and read back", () => {
  for (const { array, bytes } of written) {
    assert.deepEqual(Buffer.from(encodeNpy(array)), bytes);
    assert.deepEqual(decodeNpy(bytes, "a.npy"), array);
  }
});

test("other types, other orders and damaged files are told", () => {
  const [{ bytes }] = written as [(typeof written)[number]];
  const refused = (given: Uint8Array, message: RegExp) =>
    assert.throws(() => decodeNpy(given, "a.npy"), { code: "ERR_NPY", message });
  refused(Buffer.from("no array at all"), /^a\.npy: expected an array of numpy, got something else$/);
  refused(bytes.subarray(0, bytes.length - 1), /of 6 bytes; it has 5$/);
  refused(bytes.subarray(0, 60), /its header says something else$/);
  refused(file("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "AAAAAAAAAAA="), /it is of <f8$/);
  refused(file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "AAAAAAAA"), /says something else$/);
});
