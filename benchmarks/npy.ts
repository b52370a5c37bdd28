/** Records of one shape as a `.npy` file, for programs of other languages. */
import { writeFileSync } from "node:fs";

export function writeNpy(
  path: string,
  type: string,
  shape: readonly number[],
  records: readonly (Uint8Array | Int16Array)[],
): void {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const bytes = records.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  writeFileSync(
    path,
    Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"),
      Buffer.from(`${header.padEnd(117)}\n`),
      ...bytes,
    ]),
  );
}
