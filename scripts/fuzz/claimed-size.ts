/**
 * What a file's header says of its size, told without the decoders under test (of DICOM, by its data set); undefined where
 * it cannot be told in a few lines.
 */
import { gunzipSync } from "node:zlib";
import { parseDicom } from "@medssl/imaging";

/** [depth, height, width]; 0 for a depth that is not told. */
export type ClaimedSize = readonly [number, number, number];

export function claimedSize(format: string, bytes: Uint8Array): ClaimedSize | undefined {
  try {
    if (format === "DICOM") return sizeOfDicom(bytes);
    const content = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    return SIZES[format]?.(new DataView(content.buffer, content.byteOffset, content.byteLength));
  } catch {
    return undefined;
  }
}

const SIZES: Readonly<Record<string, (view: DataView) => ClaimedSize | undefined>> = {
  PNG: (view) => [1, view.getUint32(20), view.getUint32(16)],
  JPEG: sizeOfJpeg,
  NIfTI: sizeOfNifti,
  "NIfTI gz": sizeOfNifti,
  others: (view) => {
    const mark = view.getUint16(0);
    if (mark === 0x4749) return [0, view.getUint16(8, true), view.getUint16(6, true)];
    return mark === 0x424d ? [1, Math.abs(view.getInt32(22, true)), view.getInt32(18, true)] : undefined;
  },
};

function sizeOfDicom(bytes: Uint8Array): ClaimedSize | undefined {
  const dataset = parseDicom(bytes, "mutant", { headerOnly: true });
  const [rows, columns] = [dataset.number("00280010"), dataset.number("00280011")];
  return rows && columns ? [0, rows, columns] : undefined;
}

function sizeOfJpeg(view: DataView): ClaimedSize | undefined {
  for (let start = 2; ; ) {
    while (view.getUint8(start + 1) === 0xff) start++;
    const marker = view.getUint8(start + 1);
    if (marker >= 0xc0 && marker <= 0xc2) return [1, view.getUint16(start + 5), view.getUint16(start + 7)];
    if (marker === 0xda || view.getUint8(start) !== 0xff) return undefined;
    start += 2 + view.getUint16(start + 2);
  }
}

function sizeOfNifti(view: DataView): ClaimedSize | undefined {
  const isFirst = [0x6e2b3100, 0x6e693100].includes(view.getUint32(344));
  const isLittleEndian = isFirst ? isAxes(view.getInt16(40, true)) : isAxes(Number(view.getBigInt64(16, true)));
  const size = (axis: number) => {
    const numAxes = isFirst ? view.getInt16(40, isLittleEndian) : Number(view.getBigInt64(16, isLittleEndian));
    if (axis > numAxes) return 1;
    return isFirst
      ? view.getInt16(40 + 2 * axis, isLittleEndian)
      : Number(view.getBigInt64(16 + 8 * axis, isLittleEndian));
  };
  return [size(3), size(2), size(1)];
}

function isAxes(count: number): boolean {
  return count >= 1 && count <= 7;
}
