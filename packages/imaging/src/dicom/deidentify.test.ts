import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type DicomDataset, parseDicom } from "./dataset.ts";
import { type DeidentifyOptions, deidentifyDicom } from "./deidentify.ts";
import { explicitLittleEndian, transferSyntaxes } from "./transfer-syntaxes.ts";
import { textElement, type WrittenElement, writeDicomFile } from "./write-elements.ts";

// Made with pydicom: the name, numbers and days of a made-up person wherever one may stand.
const fixture = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, "fixtures-volumes", name)));
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const planted = ["explicit", "implicit", "big-endian", "deflated", "jpeg", "unknown"].map(
  (way) => `planted-${way}.dcm`,
);
const options: DeidentifyOptions = { salt: new Uint8Array(32).fill(7), dates: "removed" };

function deidentify(bytes: Uint8Array, changes: Partial<DeidentifyOptions> = {}) {
  const file = deidentifyDicom(bytes, "scan.dcm", { ...options, ...changes });
  return { ...file, dataset: parseDicom(file.bytes, "copy.dcm") };
}

/** The data set and all items in it. */
function* datasetsIn(dataset: DicomDataset): Generator<DicomDataset> {
  yield dataset;
  for (const tag of dataset.tags()) {
    if (dataset.vr(tag) === "SQ") for (const item of dataset.items(tag)) yield* datasetsIn(item);
  }
}

for (const name of planted) {
  test(`no byte of ${name} names the person`, () => {
    const original = fixture(name);
    const { bytes } = deidentify(original);
    const words = /Zxqv|Waldemar|Hirschgasse|8765|19870605|101112/i;
    if (!name.includes("deflated")) assert.match(latin1(original), words);
    assert.doesNotMatch(latin1(bytes), words);
  });

  test(`pixels and what describes them are kept in ${name}`, () => {
    const original = parseDicom(fixture(name), name);
    const { dataset } = deidentify(fixture(name));
    assert.deepEqual(dataset.bytes("7FE00010"), original.bytes("7FE00010"));
    assert.equal(dataset.fragments("7FE00010")?.length, original.fragments("7FE00010")?.length);
    for (const tag of ["00080008", "00080060", "00180015", "00200032", "00280030", "00281052"]) {
      assert.deepEqual(dataset.strings(tag), original.strings(tag), tag);
    }
    assert.equal(dataset.number("00280010"), 4);
    assert.equal(dataset.transferSyntax, name.includes("deflated") ? explicitLittleEndian : original.transferSyntax);
  });

  test(`private attributes, overlays and curves are gone from ${name} at every depth`, () => {
    for (const dataset of datasetsIn(deidentify(fixture(name)).dataset)) {
      for (const tag of dataset.tags()) {
        assert.equal(Number.parseInt(tag.slice(0, 4), 16) % 2, 0, tag);
        assert.doesNotMatch(tag, /^(?:50|60)/);
      }
    }
  });
}

test("fragments whose end a file has lost get one, so that the copy is whole", () => {
  const cut = fixture("planted-jpeg.dcm");
  const end = latin1(cut).lastIndexOf("\xfe\xff\xdd\xe0");
  const { bytes } = deidentify(cut.subarray(0, end));
  assert.deepEqual(bytes, deidentify(cut).bytes);
});

test("the copy says what was done to it, and its meta information is its own", () => {
  const { dataset, patient, instance, study, series } = deidentify(fixture("image.dcm"));
  assert.equal(dataset.string("00120062"), "YES");
  assert.deepEqual(
    dataset.items("00120064").map((item) => item.string("00080100")),
    ["113100"],
  );
  assert.equal(dataset.string("00280303"), "REMOVED");
  assert.deepEqual([dataset.string("00020003"), dataset.string("00080018")], [instance, instance]);
  assert.deepEqual([dataset.string("0020000D"), dataset.string("0020000E")], [study, series]);
  assert.deepEqual([dataset.string("00100010"), dataset.string("00100020")], [patient, patient]);
  assert.match(patient, /^P[0-9a-f]{16}$/);
  assert.equal(dataset.has("00020016"), false);
});

test("references between files still match", () => {
  const image = deidentify(fixture("image.dcm"));
  const { dataset, patient, study, series, instance } = deidentify(fixture("derived.dcm"));
  assert.deepEqual([patient, study], [image.patient, image.study]);
  assert.notEqual(series, image.series);
  assert.notEqual(instance, image.instance);
  const [listed] = dataset.items("00081115");
  assert.equal(listed?.string("0020000E"), image.series);
  assert.equal(listed?.items("0008114A")[0]?.string("00081155"), image.instance);
  assert.equal(dataset.items("00082112")[0]?.string("00081155"), image.instance);
  assert.equal(dataset.items("00089124")[0]?.items("00082112")[0]?.string("00081155"), image.instance);
  assert.equal(dataset.items("00082112")[0]?.string("00081150"), "1.2.840.10008.5.1.4.1.1.2");
});

test("the same file gives the same copy under one salt and shares no name with it under another", () => {
  const [first, second] = [deidentify(fixture("image.dcm")), deidentify(fixture("image.dcm"))];
  assert.deepEqual(first.bytes, second.bytes);
  const other = deidentify(fixture("image.dcm"), { salt: new Uint8Array(32).fill(8) });
  for (const key of ["patient", "study", "series", "instance"] as const) assert.notEqual(first[key], other[key]);
});

test("dates move together and keep their distance; the birth date goes all the same", () => {
  const [early, late] = ["image.dcm", "derived.dcm"].map(
    (name) => deidentify(fixture(name), { dates: "shifted" }).dataset,
  );
  const days = (date: string | undefined) => Date.parse(date!.replace(/(....)(..)(..)/, "$1-$2-$3")) / 86_400_000;
  const shift = days(early!.string("00080020")) - days("19870605");
  assert.ok(shift <= -1 && shift >= -3652, `${shift}`);
  assert.equal(days(late!.string("00080020")) - days(early!.string("00080020")), 30);
  assert.equal(early!.string("0008002A"), `${early!.string("00080020")}101112.5`);
  assert.equal(early!.string("00080030"), "101112");
  assert.deepEqual([early!.string("00100030"), early!.has("00100030")], [undefined, true]);
  assert.equal(early!.string("00280303"), "MODIFIED");
  assert.deepEqual(
    early!.items("00120064").map((item) => item.string("00080100")),
    ["113100", "113107"],
  );
});

/** A small file of a made-up scan. */
function made(...changes: WrittenElement[]): Uint8Array {
  const elements = [
    textElement(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2"),
    textElement(0x00080018, "UI", "1.2.3.1"),
    textElement(0x0020000d, "UI", "1.2.3.2"),
    textElement(0x0020000e, "UI", "1.2.3.3"),
    textElement(0x00080060, "CS", "CT"),
  ];
  const changed = new Set(changes.map(({ tag }) => tag));
  const meta = { sopClass: "1.2.3", sopInstance: "1.2.3.1", transferSyntax: explicitLittleEndian };
  return writeDicomFile(
    meta,
    [...elements.filter(({ tag }) => !changed.has(tag)), ...changes],
    transferSyntaxes.get(explicitLittleEndian)!,
  );
}

test("an ID decides who is who; without one, name and birth date; without either, the study", () => {
  const patient = (...elements: WrittenElement[]) => deidentify(made(...elements)).patient;
  const [id, person] = [textElement(0x00100020, "LO", "42"), textElement(0x00100010, "PN", "A^B")];
  const born = (date: string) => textElement(0x00100030, "DA", date);
  assert.equal(patient(id), patient(textElement(0x00100020, "LO", " 42 "), person));
  assert.equal(patient(id), patient(id, textElement(0x00100021, "LO", "Some hospital")));
  assert.notEqual(patient(id), patient(person));
  assert.notEqual(patient(person, born("19500101")), patient(person, born("19500102")));
  assert.notEqual(patient(), patient(textElement(0x0020000d, "UI", "1.2.3.9")));
});

test("a text that the profile keeps goes where it holds a word of the patient's name, and only there", () => {
  const kernel = (text: string) =>
    deidentify(made(textElement(0x00100010, "PN", "Bonham^Li"), textElement(0x00181210, "SH", text))).dataset;
  assert.equal(kernel("BONE Li").string("00181210"), "BONE Li");
  assert.equal(kernel("for BONHAM").has("00181210"), false);
  assert.equal(kernel("Bonhams").string("00181210"), "Bonhams");
});

test("a sequence under the name of a number goes, unseen as its content is", () => {
  const item = [textElement(0x00100010, "PN", "Zxqv")];
  const { bytes, dataset } = deidentify(made({ tag: 0x00180060, vr: "SQ", value: [item] }));
  assert.equal(dataset.has("00180060"), false);
  assert.doesNotMatch(latin1(bytes), /Zxqv/);
});

test("UIDs in the place of classes are kept, unless they are no UIDs", () => {
  const sopClass = (uid: string) => deidentify(made(textElement(0x00080016, "UI", uid))).dataset.string("00080016");
  assert.equal(sopClass("1.3.12.2.1107.5.9.1"), "1.3.12.2.1107.5.9.1");
  assert.match(sopClass("Zxqv") ?? "", /^2\.25\.\d+$/);
});

test("a UID that the profile does not list is mapped as those that it lists", () => {
  const { dataset, instance } = deidentify(made(textElement(0x00081167, "UI", "1.2.3.1")));
  assert.equal(dataset.string("00081167"), instance);
  const wellKnown = deidentify(made(textElement(0x00200052, "UI", "1.2.840.10008.1.4.1.1"))).dataset;
  assert.equal(wellKnown.string("00200052"), "1.2.840.10008.1.4.1.1");
});

test("text in the pixels is suspected by what the file says, is, and was made with", () => {
  const risk = (...elements: WrittenElement[]) => deidentify(made(...elements)).burnedInRisk;
  const burned = (says: string) => textElement(0x00280301, "CS", says);
  const [ultrasound, capture] = [textElement(0x00080060, "CS", "US"), "1.2.840.10008.5.1.4.1.1.7"];
  assert.equal(risk(), undefined);
  assert.match(risk(burned("YES")) ?? "", /file says/);
  assert.match(risk(ultrasound) ?? "", /^US images/);
  assert.equal(risk(ultrasound, burned("NO")), undefined);
  assert.match(risk(textElement(0x00080016, "UI", capture), burned("NO")) ?? "", /secondary capture/);
  assert.match(risk(textElement(0x00080016, "UI", `${capture}.4`)) ?? "", /secondary capture/);
  assert.match(risk(textElement(0x00080008, "CS", "DERIVED\\SECONDARY\\SCREEN SAVE")) ?? "", /screen/);
  assert.match(risk({ tag: 0x60000010, vr: "US", value: Uint8Array.of(4, 0) }) ?? "", /overlay/);
});

test("what is no instance of a series is refused", () => {
  assert.throws(() => deidentify(made(textElement(0x0020000e, "UI", ""))), { code: "ERR_DICOM_IDENTITY" });
  assert.throws(() => deidentify(new TextEncoder().encode("not DICOM at all".repeat(20))), {
    code: "ERR_DICOM_FORMAT",
  });
  assert.throws(() => deidentify(fixture("image.dcm").subarray(0, 3000)), { code: "ERR_DICOM_CORRUPT" });
});
