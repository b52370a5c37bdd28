import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseDicom } from "./dataset.ts";
import { readSegmentation } from "./segmentation.ts";
import { labelsOnVolume } from "./segmentation-labels.ts";
import {
  described,
  descriptions,
  encode,
  folder,
  labelsFor,
  parse,
  pixelsFor,
  segments,
  sources,
  volumeOf,
  type Written,
  written,
} from "./testing/written-segmentations.ts";

test("what is written is read again, value by value, on the source's grid", async () => {
  for (const one of written) {
    const segmentation = await readSegmentation(parseDicom(one.bytes, one.file));
    assert.equal(segmentation.kind, one.kind);
    assert.deepEqual(
      segmentation.segments.map(({ number, label, type, modifiers }) => ({ number, label, type, modifiers })),
      segments.map(({ name, type, modifiers }, i) => ({ number: i + 1, label: name, type, modifiers })),
    );
    const { labels, warnings } = labelsOnVolume(segmentation, one.volume);
    const numbers = labelsFor(one.volume).map((label) => 1 + segments.findIndex(({ value }) => value === label));
    assert.deepEqual([...labels.data], [...numbers], `${one.name} ${one.kind}`);
    assert.deepEqual(warnings, []);
    if (one.pixels.kind !== "fractional") continue;
    for (const [i, { segment, sources: drawnOn }] of segmentation.frames.entries()) {
      const size = segmentation.rows * segmentation.columns;
      const z = one.volume.slices.findIndex(
        ({ instanceUid, frame }) => instanceUid === drawnOn[0]!.instanceUid && frame === drawnOn[0]!.frame,
      );
      const fractions: Uint8Array = one.pixels.fractions.get(segments[segment! - 1]!.value)!;
      assert.deepEqual([...segmentation.valuesOf(i)], [...fractions.subarray(z * size, (z + 1) * size)]);
    }
  }
});

test("a segment is on its slices only; one that is nowhere has one empty frame", async () => {
  const { bytes } = written.find(({ name, kind }) => name === "ct" && kind === "binary")!;
  const { frames } = await readSegmentation(parseDicom(bytes, "ct"));
  assert.deepEqual(
    frames.map(({ segment }) => segment),
    [1, 1, 1, 2, 2, 3],
  );
});

test("patient, study and their text are the source's, in its character set or in UTF-8", () => {
  const tags = ["00100010", "00100020", "00100030", "0020000D", "00080020", "00080050", "00081030", "00080201"];
  for (const { name, bytes } of written) {
    const [source, result] = [parse(sources[name]![0]!), parseDicom(bytes, name)];
    for (const tag of tags) assert.deepEqual(result.strings(tag), source.strings(tag), `${name} ${tag}`);
    assert.deepEqual(result.strings("00080005"), source.strings("00080005"));
  }
  const [film] = written.filter(({ name }) => name === "dx");
  const more = { contentCreator: "Ząb^Łucja", seriesDescription: "Lungenflügel" };
  const result = parseDicom(encode(["dx"], film!.pixels, more), "dx");
  assert.equal(result.string("00080005"), "ISO_IR 192");
  assert.equal(result.string("00100010"), "Müller^Jürgen");
  assert.equal(result.string("00700084"), "Ząb^Łucja");
  assert.equal(result.string("0008103E"), "Lungenflügel");
});

test("the series is called by its model and its source, within 64 characters", () => {
  const { pixels } = written.find(({ name, kind }) => name === "ct" && kind === "binary")!;
  for (const [description, name, expected] of descriptions) {
    const headerOf = (file: string) => described(file, description);
    const bytes = encode(sources["ct"]!, pixels, { headerOf, algorithm: { name, version: "1" } });
    const result = parseDicom(bytes, "described");
    assert.equal(result.string("0008103E"), expected);
    assert.ok([...expected].length <= 64);
    assert.equal(result.string("00100010"), parse("ct-0").string("00100010"));
  }
  const { bytes } = written.find(({ name, kind }) => name === "dx" && kind === "fractional")!;
  assert.equal(parseDicom(bytes, "dx").string("0008103E"), "vit-s16 probabilities on DX series 3");
});

test("places and frame of reference where the source has a place; elsewhere only what viewers ask for", () => {
  const isPlaced = new Set(["ct", "tilt", "mr", "enhanced"]);
  const sizes = new Set<string | undefined>();
  for (const { name, bytes } of written) {
    const result = parseDicom(bytes, name);
    const [shared] = result.items("52009229");
    assert.equal(result.has("00200052"), isPlaced.has(name), name);
    const [measures] = shared?.items("00289110") ?? [];
    // OHIF opens no segmentation without measures, highdicom none without both of them.
    const found = [shared?.has("00209116"), measures?.has("00280030"), measures?.has("00180050")];
    assert.deepEqual(found, [true, true, true], name);
    if (!isPlaced.has(name)) {
      const source = parse(sources[name]![0]!);
      const [tag] = ["00280030", "00182010", "00181164"].filter((one) => source.has(one));
      assert.deepEqual(measures?.numbers("00280030"), tag === undefined ? [1, 1] : source.numbers(tag), name);
      sizes.add(tag);
    }
    assert.ok(result.items("52009230").every((frame) => frame.has("00209113") === isPlaced.has(name)));
  }
  assert.ok(sizes.has(undefined) && sizes.size > 1, "pictures that say their size, and some that do not");
});

test("loss is told, from the flag and from the way the pixels are compressed; burned-in text is not inherited", () => {
  const resultOf = (name: string) => parseDicom(written.find((one) => one.name === name)!.bytes, name);
  const lossy = resultOf("mg");
  assert.deepEqual(
    [lossy.string("00282110"), lossy.number("00282112"), lossy.string("00282114")],
    ["01", 12.5, "ISO_15444_1"],
  );
  assert.equal(resultOf("cr").string("00282110"), "00");
  assert.equal(resultOf("us").string("00280301"), "NO");
  const jpeg = parse("jpeg");
  assert.equal(jpeg.has("00282110"), false);
  const result = parseDicom(encode(["jpeg"], { kind: "binary", labels: new Uint8Array(63) }), "jpeg");
  assert.deepEqual([result.string("00282110"), result.string("00282114")], ["01", "ISO_10918_1"]);
});

test("given UIDs and a date, the same input makes the same bytes; else the UIDs are new ones", () => {
  const [{ pixels }] = written as [Written];
  const uids = { series: "1.2.3", instance: "1.2.4", dimensions: "1.2.5" };
  const twice = [0, 1].map(() => encode(sources["ct"]!, pixels, { uids, date: new Date(0) }));
  assert.deepEqual(twice[0], twice[1]);
  const [one, other] = [0, 1].map(() => parseDicom(encode(sources["ct"]!, pixels), "ct").string("00080018")!);
  assert.notEqual(one, other);
  assert.match(one!, /^2\.25\.[1-9]\d{0,38}$/);
});

test("images of two patients, whatever their UIDs say, are refused without naming them", () => {
  const names = sources["ct"]!;
  const volume = volumeOf(names);
  const patient = parse("ct-0").string("00100020")!;
  const headerOf = (name: string) => {
    const bytes = readFileSync(join(folder, `${name}.dcm`));
    const at = bytes.indexOf(patient, bytes.indexOf(Buffer.from([0x10, 0, 0x20, 0])));
    if (name === "ct-2") bytes[at]! ^= 1;
    return parseDicom(new Uint8Array(bytes), name);
  };
  assert.throws(() => encode(names, pixelsFor("binary", volume), { headerOf }), {
    code: "ERR_SEGMENTATION_SOURCE",
    message: "ct-2: expected an image of the first one's patient, got one of another",
  });
});

test("the date is told in the study's time zone", () => {
  const { pixels } = written.find(({ name }) => name === "mr")!;
  const result = parseDicom(encode(sources["mr"]!, pixels, { date: new Date("2026-01-31T20:05:06Z") }), "mr");
  assert.deepEqual([result.string("00080023"), result.string("00080033")], ["20260201", "050506"]);
});

test("what a header says against the rules is left out, or empty where it must be there", () => {
  const volume = volumeOf(["bad"]);
  const result = parseDicom(encode(["bad"], { kind: "binary", labels: labelsFor(volume) }), "bad");
  assert.deepEqual([result.has("00101010"), result.has("00101030")], [false, false]);
  assert.deepEqual([result.strings("00100040"), result.strings("00080030")], [[], []]);
  assert.equal(result.string("00100010"), "Müller^Jürgen");
  assert.equal(result.string("00080005"), "ISO_IR 192");
});

test("a source without UIDs, labels that no segment has and pixels of another size are refused", () => {
  const labels = new Uint8Array(63);
  assert.throws(() => encode(["unnamed"], { kind: "binary", labels }), {
    code: "ERR_SEGMENTATION_SOURCE",
    message: /^unnamed: .*without SOPInstanceUID, StudyInstanceUID$/,
  });
  assert.throws(() => encode(["dx"], { kind: "binary", labels: labels.fill(7) }), {
    code: "ERR_SEGMENTATION",
    message: "labels of slice 1: expected 0 or one of 5, 2, 9, got 7",
  });
  assert.throws(() => encode(["dx"], { kind: "binary", labels: new Uint8Array(62) }), {
    code: "ERR_SEGMENTATION",
    message: "labels: expected 1 x 7 x 9 = 63 values, got 62",
  });
  assert.throws(() => encode(["dx"], { kind: "fractional", fractions: new Map([[5, labels]]) }), {
    code: "ERR_SEGMENTATION",
    message: /^fractions of segment 2: .*got none$/,
  });
  const twice = [segments[0]!, segments[0]!];
  assert.throws(() => encode(["dx"], { kind: "binary", labels }, { segments: twice }), {
    code: "ERR_SEGMENTATION",
    message: /got 5, 5$/,
  });
});

test("others' segmentations: of a film by highdicom, of slices by dcmqi", async () => {
  const truths: Record<string, number[]> = JSON.parse(readFileSync(join(folder, "others.json"), "utf8"));
  const codes = { film: ["39607008", "80891009"], dcmqi: ["10200004", "78961009"] };
  for (const [name, source] of [
    ["film", "dx"],
    ["dcmqi", "ct"],
  ] as const) {
    const segmentation = await readSegmentation(parse(name));
    assert.deepEqual(
      segmentation.segments.map(({ type }) => type?.value),
      codes[name],
    );
    const { labels, warnings } = labelsOnVolume(segmentation, volumeOf(sources[source]!));
    assert.deepEqual([[...labels.data], warnings], [truths[name], []]);
  }
});
