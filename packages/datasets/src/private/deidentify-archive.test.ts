import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { parseDicom } from "@medssl/imaging";
import { SourceFolder } from "../layouts/source-folder.ts";
import { type DeidentifyArchiveOptions, deidentifyArchive } from "./deidentify-archive.ts";

// The name, numbers and days of a made-up person wherever one may stand.
const fixtures = join(import.meta.dirname, "../../../imaging/src/dicom/fixtures-volumes");
const root = mkdtempSync(join(tmpdir(), "medssl-deidentify-"));
test.after(() => rmSync(root, { recursive: true }));

const source = join(root, "Zxqv archive");
test.before(() => {
  mkdirSync(join(source, "disc"), { recursive: true });
  for (const name of ["image.dcm", "derived.dcm"]) copyFileSync(join(fixtures, name), join(source, name));
  copyFileSync(join(fixtures, "image.dcm"), join(source, "disc", "again"));
  copyFileSync(join(fixtures, "DICOMDIR"), join(source, "disc", "DICOMDIR"));
  writeFileSync(join(source, "readme.txt"), "Zxqv");
  writeFileSync(join(source, "cut.dcm"), readFileSync(join(fixtures, "image.dcm")).subarray(0, 2000));
});

let numOuts = 0;
function deidentify(options: Partial<DeidentifyArchiveOptions> = {}, sources = [source], signal?: AbortSignal) {
  const out = join(root, `out ${numOuts++}`);
  return deidentifyArchive(sources, { out, ...options }, () => {}, signal).then((summary) => ({ out, ...summary }));
}
const filesIn = (folder: string) => new SourceFolder(folder).walk().toArray();

test("counts add up, and every file is somewhere", async () => {
  const { out, seconds, problems, ...summary } = await deidentify();
  assert.deepEqual(summary, {
    ...{ found: 6, written: 2, heldBack: 0, repeated: 1, broken: 1, foreign: 2 },
    ...{ patients: 1, studies: 1, series: 2, isComplete: true },
  });
  assert.ok(seconds > 0);
  assert.deepEqual(
    problems.map(({ code, file }) => [code, relative(source, file)]),
    [["ERR_DICOM_CORRUPT", "cut.dcm"]],
  );
  assert.equal(filesIn(out).length, 2);
});

test("copies lie under names that are in them, and neither names the person", async () => {
  const { out } = await deidentify();
  for (const path of filesIn(out)) {
    const bytes = readFileSync(join(out, path));
    assert.doesNotMatch(path + bytes.toString("latin1"), /zxqv|waldemar|8765|19870605/i);
    const dataset = parseDicom(bytes, path);
    const [patient, study, series, instance] = ["00100020", "0020000D", "0020000E", "00080018"].map((tag) =>
      dataset.string(tag),
    );
    assert.equal(path, `${patient}/${study}/${series}/${instance}.dcm`);
  }
});

test("a salt file gives the same copies again; without one nobody can make them again", async () => {
  const saltFile = join(root, "secret", "salt");
  const [first, second, other] = [await deidentify({ saltFile }), await deidentify({ saltFile }), await deidentify()];
  assert.deepEqual(filesIn(first.out), filesIn(second.out));
  for (const path of filesIn(first.out)) {
    assert.deepEqual(readFileSync(join(first.out, path)), readFileSync(join(second.out, path)));
  }
  assert.equal(
    filesIn(first.out).some((path) => filesIn(other.out).includes(path)),
    false,
  );
});

test("dates are removed, or moved where that is asked for", async () => {
  const yearOf = ({ out }: { out: string }) => {
    const [path] = filesIn(out);
    return parseDicom(readFileSync(join(out, path!)), path!)
      .string("00080020")
      ?.slice(0, 3);
  };
  assert.equal(yearOf(await deidentify()), undefined);
  assert.match(yearOf(await deidentify({ dates: "shifted" })) ?? "", /^19[78]$/);
});

test("files that may name the patient in their pixels are held back, unless asked for, and told either way", async () => {
  const captures = join(root, "captures");
  mkdirSync(captures);
  // Another SOP class: CT to secondary capture, padded to the same length.
  const text = readFileSync(join(fixtures, "image.dcm")).toString("latin1");
  const capture = text.replaceAll("1.2.840.10008.5.1.4.1.1.2\0", "1.2.840.10008.5.1.4.1.1.7\0");
  writeFileSync(join(captures, "a"), capture, "latin1");
  const heldBack = await deidentify({}, [captures]);
  assert.deepEqual([heldBack.heldBack, heldBack.written, filesIn(heldBack.out)], [1, 0, []]);
  assert.match(heldBack.problems[0]?.reason ?? "", /a: it is a secondary capture$/);
  const written = await deidentify({ allowsBurnedIn: true }, [captures]);
  assert.deepEqual([written.heldBack, written.written, written.problems.length], [0, 1, 1]);
});

test("single files are sources too, and a source that is given twice is one", async () => {
  const file = join(source, "image.dcm");
  assert.equal((await deidentify({}, [file, file])).found, 1);
  await assert.rejects(deidentify({}, [join(root, "nowhere")]), { code: "ERR_SOURCE_MISSING" });
});

test("another image under the UID of a written one is told, not written", async () => {
  const mixed = join(root, "mixed");
  mkdirSync(mixed);
  for (const name of ["planted-jpeg.dcm", "planted-implicit.dcm"])
    copyFileSync(join(fixtures, name), join(mixed, name));
  const { written, repeated, problems } = await deidentify({}, [mixed]);
  assert.deepEqual([written, repeated], [1, 1]);
  assert.match(problems[0]?.reason ?? "", /planted-jpeg\.dcm: has the UID of an image that was written/);
});

test("copies are never mixed with originals or the salt", async () => {
  const refused = { code: "ERR_DEIDENTIFY_OUT" };
  await assert.rejects(deidentify({ out: source }), refused);
  await assert.rejects(deidentify({ out: join(source, "copies") }), refused);
  await assert.rejects(deidentify({ out: root }), refused);
  const out = join(root, "out with salt");
  await assert.rejects(deidentify({ out, saltFile: join(out, "salt") }), refused);
  assert.equal(existsSync(join(out, "salt")), false);
  await deidentify({ out: join(root, "Zxqv archive 2") });
});

test("a file that may not be read is broken, and an interruption leaves whole files", async () => {
  const closed = join(root, "closed");
  mkdirSync(closed);
  copyFileSync(join(fixtures, "image.dcm"), join(closed, "image.dcm"));
  chmodSync(join(closed, "image.dcm"), 0);
  const isRoot = process.getuid?.() === 0;
  assert.equal((await deidentify({}, [closed])).broken, isRoot ? 0 : 1);
  const stopped = await deidentify({}, [source], AbortSignal.abort());
  assert.deepEqual([stopped.isComplete, stopped.found, readdirSync(stopped.out)], [false, 0, []]);
});
