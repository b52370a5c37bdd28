import assert from "node:assert/strict";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { parseDicom } from "./dataset.ts";
import { fixture } from "./testing/fixture.ts";

const read = (name: string) => parseDicom(fixture(name), name);

test("tags are eight hex digits, of the meta information too", () => {
  const dataset = read("explicit.dcm");
  assert.equal(dataset.string("00020010"), "1.2.840.10008.1.2.1");
  assert.equal(dataset.string("00080060"), "MR");
  assert.deepEqual(dataset.tags().slice(-2), ["00280103", "7FE00010"]);
  assert.equal(dataset.vr("7FE00010"), "OW");
  assert.equal(dataset.bytes("7fe00010")?.length, 16 * 12 * 2);
});

test("what is missing is undefined or empty", () => {
  const dataset = read("explicit.dcm");
  assert.equal(dataset.has("00100010"), false);
  assert.equal(dataset.string("00100010"), undefined);
  assert.equal(dataset.number("00100010"), undefined);
  assert.deepEqual([dataset.strings("00100010"), dataset.numbers("00100010"), dataset.items("00100010")], [[], [], []]);
});

for (const name of ["explicit.dcm", "implicit.dcm", "big-endian.dcm", "deflated.dcm", "bare-implicit.dcm"]) {
  test(`${name}: numbers by their VR`, () => {
    const dataset = read(name);
    assert.deepEqual(
      ["00280010", "00280011", "00280103"].map((tag) => dataset.number(tag)),
      [12, 16, 1],
    );
    assert.deepEqual(dataset.strings("00280010"), ["12"]);
  });
}

test("files without meta information, and ones that promise VRs and have none", () => {
  const syntaxOf = (name: string) => read(name).transferSyntax;
  assert.equal(syntaxOf("bare-implicit.dcm"), "1.2.840.10008.1.2");
  assert.equal(syntaxOf("bare-explicit.dcm"), "1.2.840.10008.1.2.1");
  assert.equal(syntaxOf("bare-big-endian.dcm"), "1.2.840.10008.1.2.2");
  const dataset = read("implicit-as-explicit.dcm");
  assert.equal(dataset.transferSyntax, "1.2.840.10008.1.2.1");
  assert.equal(dataset.string("00080060"), "MR");
});

test("decimal strings, several values, and ones that are no numbers", () => {
  const dataset = read("coronal.dcm");
  assert.deepEqual(dataset.numbers("00200032"), [-10, -20, 30]);
  assert.deepEqual(dataset.strings("00280030"), ["0.5", "0.75"]);
  assert.deepEqual(dataset.numbers("00080060"), [Number.NaN]);
  assert.equal(dataset.number("00080060"), undefined);
});

test("items of sequences, of known and of unknown length", () => {
  const frames = read("enhanced.dcm").items("52009230");
  assert.deepEqual(
    frames.map((frame) => frame.items("00209113")[0]!.number("00200032")),
    [-50, -50, -50],
  );
  const [own, plain] = read("text.dcm").items("00400275");
  assert.equal(own!.string("00100010"), "Люкceмбypг");
  assert.equal(plain!.string("00104000"), "no set\\of its own: ü");
});

test("text of every kind of character set", () => {
  const nameIn = (file: string) => read(file).string("00100010");
  assert.equal(nameIn("text.dcm"), "Müller^Jörg");
  assert.equal(nameIn("text-japanese.dcm"), "Yamada^Tarou=山田^太郎=やまだ^たろう");
  assert.equal(nameIn("text-korean.dcm"), "Hong^Gildong=洪^吉洞=홍^길동");
  assert.equal(nameIn("text-gb18030.dcm"), "Wang^XiaoDong=王^小东");
  assert.equal(nameIn("text-utf8.dcm"), "Wang^XiaoDong=王^小東");
});

test("a header needs no more of the file than itself", () => {
  const file = fixture("explicit.dcm");
  const header = parseDicom(file.subarray(0, file.length - 300), "beginning", { headerOnly: true });
  assert.equal(header.number("00280010"), 12);
  assert.equal(header.has("7FE00010"), false);
});

test("what is no DICOM, and what nobody reads, is told so", () => {
  const text = new TextEncoder().encode("A letter, which is longer than any header of DICOM.".repeat(5));
  assert.throws(() => parseDicom(text, "letter.txt"), { code: "ERR_DICOM_FORMAT" });
  assert.throws(() => parseDicom(new Uint8Array(), "empty"), { code: "ERR_DICOM_FORMAT" });
  const video = Uint8Array.from(fixture("explicit.dcm"));
  const uid = "1.2.840.10008.1.2.1";
  const at = new TextDecoder("latin1").decode(video).indexOf(uid);
  video.set(new TextEncoder().encode("1.2.840.10008.1.9.9"), at);
  assert.throws(() => parseDicom(video, "video"), { code: "ERR_DICOM_SYNTAX" });
});

test("sequences that nest without end are refused", () => {
  // (0008,1140) SQ of undefined length, an item of undefined length, and so on inward.
  const level = [0x08, 0, 0x40, 0x11, 0x53, 0x51, 0, 0, 255, 255, 255, 255, 0xfe, 0xff, 0, 0xe0, 255, 255, 255, 255];
  const start = [0x08, 0, 0x05, 0, 0x43, 0x53, 0, 0];
  const file = Uint8Array.from([...start, ...Array.from({ length: 20_000 }, () => level).flat()]);
  assert.throws(
    () => parseDicom(file, "deep"),
    (error) => error instanceof MedsslError && /64 deep/.test(error.message),
  );
});

test("a value that claims to be longer than the file is refused", () => {
  const file = Uint8Array.from(fixture("explicit.dcm"));
  const pixels = file.length - 16 * 12 * 2 - 4;
  file.set([0, 0, 0, 0x7f], pixels);
  assert.throws(() => parseDicom(file, "long"), {
    code: "ERR_DICOM_CORRUPT",
    message: /expected 2130706432 bytes in \(7FE0,0010\), got 384 before the end of the data/,
  });
});
