import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MedsslError } from "@medssl/contract";
import { folderOf } from "../layouts/miniature.ts";
import { outputFailure, putFile } from "./write-result.ts";

const told = (code: string, others: { readonly path?: string; readonly syscall?: string } = {}) => {
  const failure = outputFailure(
    "out/a.png",
    Object.assign(new Error(`${code}: as the system says it`), { code, ...others }),
  );
  assert.ok(failure instanceof MedsslError);
  return `${failure.message} | ${failure.hint}`;
};

test("what the system says is told with what helps against it", () => {
  assert.equal(
    told("EROFS", { path: "out" }),
    "out: cannot be written: the file system is read-only | Give another --out, or mount it so that it can be written.",
  );
  assert.equal(
    told("EACCES"),
    "out/a.png: cannot be written: no permission | Give another --out, or change the folder's permissions.",
  );
  assert.match(told("EDQUOT"), /^out\/a\.png: the disk is full \| Free some space/);
  assert.match(told("ENOENT", { path: "/proc/x", syscall: "mkdir" }), /^\/proc\/x: .*takes no new folders/);
  assert.equal(told("EIO"), "out/a.png: cannot be written (EIO: as the system says it) | Give another --out.");
});

test("a file in the way of a folder is the one that is named", () => {
  const { root } = folderOf({ file: "stays" });
  const message = `${join(root, "file")}: a file stands where a folder is needed`;
  for (const path of ["file/a.png", "file/masks/a.png"]) {
    assert.throws(() => putFile(join(root, path), "new"), { code: "ERR_OUTPUT_WRITE", message });
  }
  putFile(join(root, "masks/deep/a.png"), "new");
  assert.ok(existsSync(join(root, "masks/deep/a.png")));
});
