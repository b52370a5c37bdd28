import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readManifest } from "./cases-manifest.ts";

const folder = mkdtempSync(join(tmpdir(), "medssl-manifest-"));
test.after(() => rmSync(folder, { recursive: true }));

function read(text: string) {
  const path = join(folder, "cases.csv");
  writeFileSync(path, text);
  return readManifest(path);
}

test("columns come in any order; mask and patient may be empty or missing", () => {
  assert.deepEqual(read("patient,image,mask\np1,images/a.png,masks/a.png\n,images/b.png,\n"), [
    { image: "images/a.png", mask: "masks/a.png", patient: "p1" },
    { image: "images/b.png", mask: undefined, patient: undefined },
  ]);
  assert.deepEqual(read("image\na.png"), [{ image: "a.png", mask: undefined, patient: undefined }]);
});

test("quotes, Windows line ends, a byte-order mark and empty lines are as spreadsheets write them", () => {
  const rows = read('\uFEFFImage,Mask,Patient\r\n"a, b.png","say ""hi"".png",p1\r\n\r\nc.png,,"p\n2"\r\n');
  assert.deepEqual(rows, [
    { image: "a, b.png", mask: 'say "hi".png', patient: "p1" },
    { image: "c.png", mask: undefined, patient: "p\n2" },
  ]);
});

test("a table that names no images is refused with its line", () => {
  assert.throws(() => read("file,label\na.png,1\n"), {
    code: "ERR_MANIFEST",
    message: /column "image", got file, label/,
  });
  assert.throws(() => read(""), { code: "ERR_MANIFEST" });
  assert.throws(() => read("image,mask\na.png,b.png\n,b.png\n"), { code: "ERR_MANIFEST", message: /line 3/ });
});
