import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { listFolder } from "./folder-layout.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-layout-"));
test.after(() => rmSync(root, { recursive: true }));
let numFolders = 0;

function folderOf(...files: string[]): string {
  const folder = join(root, `source${numFolders++}`);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), "");
  }
  return folder;
}

/** `id: mask, mask` for each image, with paths below the folder. */
function pairs(folder: string, maskSuffix?: string): string[] {
  return listFolder(folder, maskSuffix).images.map(
    ({ id, masks }) => `${id}: ${masks.map((mask) => relative(folder, mask)).join(", ")}`,
  );
}

test("masks in a folder beside, by equal name or with a suffix, whatever the image folder is called", () => {
  assert.deepEqual(pairs(folderOf("images/a.png", "images/b.jpg", "masks/a.png", "masks/b.png")), [
    "a: masks/a.png",
    "b: masks/b.png",
  ]);
  assert.deepEqual(pairs(folderOf("CXR_png/a_1.png", "masks/a_1_mask.png")), ["a_1: masks/a_1_mask.png"]);
  assert.deepEqual(pairs(folderOf("scans/a.png", "labels/a.png")), ["scans/a: labels/a.png"]);
  assert.deepEqual(pairs(folderOf("a.png", "ground_truth/a.png")), ["a: ground_truth/a.png"]);
});

test("the same inside folders of patients or of parts of the set", () => {
  assert.deepEqual(pairs(folderOf("p1/images/1.png", "p1/masks/1.png", "p2/images/1.png", "p2/masks/1.png")), [
    "p1/1: p1/masks/1.png",
    "p2/1: p2/masks/1.png",
  ]);
  assert.deepEqual(pairs(folderOf("images/p1/1.png", "images/p2/1.png", "masks/p2/1.png")), [
    "p1/1: ",
    "p2/1: masks/p2/1.png",
  ]);
});

test("CHASE_DB1: the first observer is the mask, the second neither mask nor image; the suffix chooses", () => {
  const folder = folderOf("Image_01L.jpg", "Image_01L_1stHO.png", "Image_01L_2ndHO.png");
  assert.deepEqual(pairs(folder), ["Image_01L: Image_01L_1stHO.png"]);
  assert.equal(listFolder(folder).numOtherObservers, 1);
  assert.deepEqual(pairs(folder, "_2ndHO"), ["Image_01L: Image_01L_2ndHO.png"]);
});

test("an unusual suffix is a mask when it is named, an image otherwise", () => {
  const folder = folderOf("a.png", "a_lesion.png");
  assert.deepEqual(pairs(folder, "_lesion"), ["a: a_lesion.png"]);
  assert.deepEqual(pairs(folder), ["a: ", "a_lesion: "]);
});

test("masks without an image and images with two masks are told", () => {
  const folder = folderOf("images/a.png", "masks/a.png", "masks/b.png");
  assert.deepEqual(listFolder(folder).masksWithoutImage, [join(folder, "masks/b.png")]);
  assert.deepEqual(pairs(folderOf("images/a.png", "masks/a.png", "manual1/a.png")), ["a: manual1/a.png, masks/a.png"]);
});

test("images alone in any depth; hidden files, archive leftovers and other files are left out", () => {
  const folder = folderOf("x/y/b.jpeg", "a.PNG", "._a.png", "__MACOSX/a.png", "Thumbs.db", "readme.txt");
  assert.deepEqual(pairs(folder), ["a: ", "x/y/b: "]);
});

test("formats that cannot be read yet are listed, so that they are reported", () => {
  assert.deepEqual(pairs(folderOf("t/v_gt.nii.gz", "t/v.nii.gz", "b.tif")), ["b: ", "t/v: t/v_gt.nii.gz"]);
});

test("two files of one name keep ids of their own", () => {
  assert.deepEqual(pairs(folderOf("a.png", "a.jpg", "b.png")), ["a.jpg: ", "a.png: ", "b: "]);
});

test("links are followed, also those that lead back", () => {
  const folder = folderOf("real/a.png");
  symlinkSync(folder, join(folder, "loop"));
  symlinkSync(join(folder, "real", "a.png"), join(folder, "b.png"));
  assert.deepEqual(pairs(folder), ["b: ", "real/a: "]);
});

test("cases.csv is all that counts where there is one", () => {
  const folder = folderOf("images/a.png", "images/b.png", "other/m.png");
  writeFileSync(join(folder, "cases.csv"), "image,mask,patient\nimages/a.png,other/m.png,p7\n");
  const { images } = listFolder(folder);
  assert.deepEqual(images, [
    {
      id: "a",
      path: "images/a",
      image: join(folder, "images/a.png"),
      masks: [join(folder, "other/m.png")],
      patient: "p7",
    },
  ]);
});

test("what is no folder is refused", () => {
  const folder = folderOf("a.png");
  assert.throws(() => listFolder(join(folder, "nothing")), { code: "ERR_SOURCE_MISSING" });
  assert.throws(() => listFolder(join(folder, "a.png")), { code: "ERR_SOURCE_FILE" });
});
