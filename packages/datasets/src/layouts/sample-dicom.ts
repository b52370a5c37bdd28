/**
 * Small DICOM files for tests: explicit VR, little endian, a handful of elements of our own making.
 */

/** By tag: text, 16-bit numbers, bytes (OB), or items of a sequence. */
export type DicomElements = Readonly<Record<string, string | number | Uint8Array | readonly DicomElements[]>>;

const STORAGE = "1.2.840.10008.5.1.4.1.1.";
export const SOP_CLASSES = { ct: `${STORAGE}2`, cr: `${STORAGE}1`, seg: `${STORAGE}66.4`, sr: `${STORAGE}88.11` };
/** VRs of text that is not LO. */
const TEXT_VRS: Readonly<Record<string, string>> = {
  "00020010": "UI",
  "00080016": "UI",
  "00080018": "UI",
  "0020000D": "UI",
  "0020000E": "UI",
  "00081155": "UI",
  "00080060": "CS",
  "00185101": "CS",
  "00041500": "CS",
  "00041430": "CS",
  "00100010": "PN",
  "00200013": "IS",
  "00280008": "IS",
  "00620001": "CS",
  "00620008": "CS",
  "00200032": "DS",
  "00200037": "DS",
  "00280030": "DS",
  "00180050": "DS",
  "00080008": "CS",
  "00281052": "DS",
  "00281053": "DS",
};

/** A file with preamble and meta information. */
export function dicomFile(elements: DicomElements): Uint8Array {
  const meta = encode({ "00020010": "1.2.840.10008.1.2.1" });
  return join([new Uint8Array(128), ascii("DICM"), meta, encode(elements)]);
}

/** A 16x16 image with a soft gradient that `seed` shifts. */
export function dicomImage(elements: DicomElements, seed = 0): Uint8Array {
  const pixels = new Uint8Array(512);
  const view = new DataView(pixels.buffer);
  for (let i = 0; i < 256; i++) view.setInt16(2 * i, (i * 3 + seed * 31) % 500, true);
  return dicomFile({
    "00280002": 1,
    "00280004": "MONOCHROME2",
    "00280010": 16,
    "00280011": 16,
    "00280100": 16,
    "00280101": 16,
    "00280102": 15,
    "00280103": 1,
    ...elements,
    "7FE00010": pixels,
  });
}

/** A slice of a CT series at a height, in Hounsfield units. */
export function ctSlice(number: number, heightMm: number, elements: DicomElements = {}): Uint8Array {
  return dicomImage(
    {
      "00080016": SOP_CLASSES.ct,
      "00080018": `1.2.3.1.1.${number}`,
      "00080060": "CT",
      "00100010": "Doe^Jane",
      "00100020": "P1",
      "0020000D": "1.2.3.1",
      "0020000E": "1.2.3.1.1",
      "00200013": String(number),
      "00200032": `-4\\-4\\${heightMm}`,
      "00200037": "1\\0\\0\\0\\1\\0",
      "00280030": "0.5\\0.5",
      "00281052": "0",
      "00281053": "1",
      ...elements,
    },
    number,
  );
}

/**
 * A binary segmentation on slices of `ctSlice`'s series: of each frame the segment, the height, and the drawn columns. The
 * structures are coded; what is typed beside them is free text. Nothing says who drew them, unless `algorithmTypes` do.
 */
export function ctSegmentation(
  structures: readonly string[],
  frames: readonly (readonly [segment: number, heightMm: number, fromColumn: number, toColumn: number])[],
  shared: DicomElements = {},
  algorithmTypes: readonly string[] = [],
): Uint8Array {
  const bits = new Uint8Array(frames.length * 32);
  for (const [f, [, , from, to]] of frames.entries()) {
    for (let i = 0; i < 256; i++) if (i % 16 >= from && i % 16 < to) bits[f * 32 + (i >> 3)]! |= 1 << (i & 7);
  }
  return dicomFile({
    "00080016": SOP_CLASSES.seg,
    "00080018": "1.2.3.1.9.1",
    "00080060": "SEG",
    "00081115": [{ "0020000E": "1.2.3.1.1" }],
    "0020000D": "1.2.3.1",
    "0020000E": "1.2.3.1.9",
    "00280002": 1,
    "00280004": "MONOCHROME2",
    "00280008": String(frames.length),
    "00280010": 16,
    "00280011": 16,
    "00280100": 1,
    "00280101": 1,
    "00280102": 0,
    "00280103": 0,
    "00620001": "BINARY",
    "00620002": structures.map((meaning, i) => ({
      "00620004": i + 1,
      "00620005": "drawn by Dr. Doe",
      ...(algorithmTypes[i] === undefined ? {} : { "00620008": algorithmTypes[i] }),
      "0062000F": [{ "00080100": String(i + 1), "00080102": "99TEST", "00080104": meaning }],
    })),
    "52009229": [
      {
        "00209116": [{ "00200037": "1\\0\\0\\0\\1\\0" }],
        "00289110": [{ "00280030": "0.5\\0.5", "00180050": "5" }],
        ...shared,
      },
    ],
    "52009230": frames.map(([segment, heightMm]) => ({
      "00209113": [{ "00200032": `-4\\-4\\${heightMm}` }],
      "0062000A": [{ "0062000B": segment }],
    })),
    "7FE00010": bits,
  });
}

function encode(elements: DicomElements): Uint8Array {
  const inOrder = Object.entries(elements).sort(([a], [b]) => (a < b ? -1 : 1));
  return join(inOrder.map(([tag, value]) => element(tag, value)));
}

function element(tag: string, value: DicomElements[string]): Uint8Array {
  if (typeof value === "string") return short(tag, TEXT_VRS[tag] ?? "LO", ascii(value));
  if (typeof value === "number") return short(tag, "US", Uint8Array.of(value & 255, value >> 8));
  if (value instanceof Uint8Array) return long(tag, tag === "7FE00010" ? "OW" : "OB", value);
  return long(
    tag,
    "SQ",
    join(value.map((item) => join([tagBytes("FFFEE000"), uint32(encode(item).length), encode(item)]))),
  );
}

function short(tag: string, vr: string, value: Uint8Array): Uint8Array {
  const padded = even(value, vr === "UI" ? 0 : 32);
  return join([tagBytes(tag), ascii(vr), Uint8Array.of(padded.length & 255, padded.length >> 8), padded]);
}

function long(tag: string, vr: string, value: Uint8Array): Uint8Array {
  return join([tagBytes(tag), ascii(vr), new Uint8Array(2), uint32(even(value, 0).length), even(value, 0)]);
}

function even(bytes: Uint8Array, padding: number): Uint8Array {
  return bytes.length % 2 === 0 ? bytes : join([bytes, Uint8Array.of(padding)]);
}

function tagBytes(tag: string): Uint8Array {
  const [a, b, c, d] = [0, 2, 4, 6].map((i) => Number.parseInt(tag.slice(i, i + 2), 16));
  return Uint8Array.of(b!, a!, d!, c!);
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
