/**
 * Text of a data set in the character sets that DICOM allows, ISO 2022 escapes among them.
 *
 * Escapes   ESC and a few letters switch the set; the end of a line and, in names, `^` and `=` switch back to the first.
 * Unknown   a set that the standard does not define is read as Latin-1: no text is worth refusing an image for.
 * Source    PS3.3 C.12.1.1.2, PS3.5 6.1; ISO/IEC 2022; the names of encodings are the WHATWG's.
 */

/** (0008,0005) without its ISO number to the encoding's name. */
const encodings: Readonly<Record<string, string>> = {
  "": "windows-1252",
  "IR 6": "windows-1252",
  "IR 100": "windows-1252",
  "IR 101": "iso-8859-2",
  "IR 109": "iso-8859-3",
  "IR 110": "iso-8859-4",
  "IR 126": "iso-8859-7",
  "IR 127": "iso-8859-6",
  "IR 138": "iso-8859-8",
  "IR 144": "iso-8859-5",
  "IR 148": "windows-1254",
  "IR 203": "iso-8859-15",
  "IR 166": "windows-874",
  "IR 13": "shift_jis",
  "IR 87": "iso-2022-jp",
  "IR 159": "euc-jp",
  "IR 149": "euc-kr",
  "IR 58": "gbk",
  "IR 192": "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** What follows ESC, the encoding that it stands for, and how its bytes are handed to that encoding. */
const escapes: readonly (readonly [sequence: string, encoding: string, form: Form])[] = [
  ["(B", "windows-1252", "single"],
  ["(J", "shift_jis", "single"],
  [")I", "shift_jis", "single"],
  ["-A", "windows-1252", "single"],
  ["-B", "iso-8859-2", "single"],
  ["-C", "iso-8859-3", "single"],
  ["-D", "iso-8859-4", "single"],
  ["-F", "iso-8859-7", "single"],
  ["-G", "iso-8859-6", "single"],
  ["-H", "iso-8859-8", "single"],
  ["-L", "iso-8859-5", "single"],
  ["-M", "windows-1254", "single"],
  ["-T", "windows-874", "single"],
  ["-b", "iso-8859-15", "single"],
  ["$B", "euc-jp", "pairs"],
  ["$@", "euc-jp", "pairs"],
  ["$(D", "euc-jp", "triples"],
  ["$)C", "euc-kr", "single"],
  ["$)A", "gbk", "single"],
];

/**
 * `single`: the encoding's own bytes, ASCII among them. `pairs`: two 7-bit bytes a character, which EUC writes with the high
 * bit set. `triples`: the same of JIS X 0212, which EUC marks by 0x8F.
 */
type Form = "single" | "pairs" | "triples";

interface CharacterSet {
  readonly encoding: string;
  readonly form: Form;
}

const escapeByte = 0x1b;
const lineEnds = new Set([0x09, 0x0a, 0x0c, 0x0d]);
const nameDelimiters = new Set([0x3d, 0x5e]);
const backslash = 0x5c;
const multibyte = new Set(["utf-8", "gb18030", "gbk"]);
const decoders = new Map<string, TextDecoder>();

/** Decodes a value; `characterSets` are the values of (0008,0005), none for ASCII. */
export function decodeText(bytes: Uint8Array, characterSets: readonly string[], isName = false): string {
  const first = encodingOf(characterSets[0] ?? "");
  if (!bytes.includes(escapeByte)) return decode(bytes, { encoding: first, form: "single" });
  let text = "";
  let set: CharacterSet = { encoding: first, form: "single" };
  for (let start = 0; start < bytes.length; ) {
    const end = endOfRun(bytes, start, set, isName);
    text += decode(bytes.subarray(start, end), set);
    start = end;
    if (start >= bytes.length) break;
    const next = bytes[start] === escapeByte ? escapeAt(bytes, start + 1) : undefined;
    if (next) {
      set = { encoding: next[1], form: next[2] };
      start += 1 + next[0].length;
    } else {
      set = { encoding: first, form: "single" };
      text += String.fromCharCode(bytes[start]!);
      start++;
    }
  }
  return text;
}

/** Where the text ends that is written in one set: at an escape, or at a character that switches back. */
function endOfRun(bytes: Uint8Array, start: number, { encoding, form }: CharacterSet, isName: boolean): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === escapeByte || lineEnds.has(byte)) return i;
    // Within two-byte sets these codes are halves of characters.
    if (form !== "single" || multibyte.has(encoding)) continue;
    if (byte === backslash || (isName && nameDelimiters.has(byte))) return i;
  }
  return bytes.length;
}

function escapeAt(bytes: Uint8Array, position: number): (typeof escapes)[number] | undefined {
  const ahead = String.fromCharCode(...bytes.subarray(position, position + 3));
  return escapes.find(([sequence]) => ahead.startsWith(sequence));
}

function decode(bytes: Uint8Array, { encoding, form }: CharacterSet): string {
  let decoder = decoders.get(encoding);
  if (!decoder) {
    decoder = new TextDecoder(encoding);
    decoders.set(encoding, decoder);
  }
  return decoder.decode(form === "single" ? bytes : inEuc(bytes, form));
}

function inEuc(bytes: Uint8Array, form: Form): Uint8Array {
  const euc: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (form === "triples") euc.push(0x8f);
    euc.push(bytes[i]! | 0x80, bytes[i + 1]! | 0x80);
  }
  return Uint8Array.from(euc);
}

function encodingOf(characterSet: string): string {
  return encodings[characterSet.replace(/^ISO[-_ ](?:2022[- ])?/, "")] ?? "windows-1252";
}
