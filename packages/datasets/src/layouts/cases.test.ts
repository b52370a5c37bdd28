import assert from "node:assert/strict";
import { test } from "node:test";
import { cases } from "./cases.ts";
import { listed, recognizes, sampleSource } from "./sample-source.ts";

const read = (text: string) => listed(cases, sampleSource({ "cases.csv": text }));

test("the manifest is all that counts, and is believed about patients before all else", async () => {
  const source = sampleSource("images/patient001.png", "images/b.png", "other/m.png", {
    "cases.csv": "image,mask,patient\nimages/patient001.png,other/m.png,p7\n",
  });
  assert.ok(recognizes(cases, source));
  assert.deepEqual(await listed(cases, source, { patientPattern: /(pat)/ }), {
    items: { patient001: { files: ["images/patient001.png"], masks: [{ file: "other/m.png" }], patient: "p7" } },
    notes: ["patients are told by cases.csv"],
  });
});

test("columns come in any order; mask and patient may be empty or missing", async () => {
  const { items } = await read("patient,image,mask\np1,images/a.png,masks/a.png\n,images/b.png,\n");
  assert.deepEqual(items, {
    a: { files: ["images/a.png"], masks: [{ file: "masks/a.png" }], patient: "p1" },
    b: { files: ["images/b.png"], masks: [] },
  });
  const bare = await read("image\npatient3/a.png");
  assert.deepEqual(bare.items, { "patient3/a": { files: ["patient3/a.png"], masks: [], patient: "patient3" } });
  assert.deepEqual(bare.notes, ["patients are told by the names", "patients are guessed from names: patient3"]);
});

test("quotes, Windows line ends, a byte-order mark and empty lines are as spreadsheets write them", async () => {
  const { items } = await read('\uFEFFImage,Mask,Patient\r\n"a, b.png","say ""hi"".png",p1\r\n\r\nc.png,,"p\n2"\r\n');
  assert.deepEqual(items, {
    "a, b": { files: ["a, b.png"], masks: [{ file: 'say "hi".png' }], patient: "p1" },
    c: { files: ["c.png"], masks: [], patient: "p\n2" },
  });
});

test("an image that is named twice comes once, with the first line's mask", async () => {
  const { items, notes } = await read("image,mask\na.png,m.png\na.png,n.png\n");
  assert.deepEqual(items, { a: { files: ["a.png"], masks: [{ file: "m.png" }] } });
  assert.equal(notes[1], "1 lines of cases.csv name an image again: the first line counts");
});

test("a table that names no images is refused with its line", async () => {
  await assert.rejects(read("file,label\na.png,1\n"), {
    code: "ERR_MANIFEST",
    message: /column "image", got file, label/,
  });
  await assert.rejects(read(""), { code: "ERR_MANIFEST" });
  await assert.rejects(read("image,mask\na.png,b.png\n,b.png\n"), { code: "ERR_MANIFEST", message: /line 3/ });
});
