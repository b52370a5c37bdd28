import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./make-folder.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-folder-"));
test.after(() => rmSync(root, { recursive: true }));

test("a folder is made with those above it, and may be there already", () => {
  const dir = join(relative(process.cwd(), root), "a/b/c");
  makeFolder(dir);
  makeFolder(dir);
  assert.ok(existsSync(join(root, "a/b/c")));
});

test("a file in the way, and a link to nothing, are named", () => {
  const [file, link] = [join(root, "file"), join(root, "link")];
  writeFileSync(file, "");
  symlinkSync("nothing", link);
  for (const [dir, path] of [
    [file, file],
    [join(file, "a/b"), file],
    [join(link, "a"), link],
  ] as const) {
    assert.throws(() => makeFolder(dir), { code: "EEXIST", path });
  }
});

test("a file system that takes no folders is an error, not a loop without end", {
  skip: !existsSync("/proc/self"),
}, () => {
  const program = `
    import { makeFolder } from ${JSON.stringify(join(import.meta.dirname, "make-folder.ts"))};
    try { makeFolder("/proc/x/y"); } catch ({ code, path }) { console.log(code, path); }`;
  const options = { encoding: "utf8", timeout: 20_000 } as const;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], options);
  assert.equal(stdout, "ENOENT /proc/x\n");
});

test("a folder that may not be written", { skip: process.getuid?.() === 0 && "root may write it" }, () => {
  makeFolder(join(root, "closed"));
  chmodSync(join(root, "closed"), 0o500);
  assert.throws(() => makeFolder(join(root, "closed/a/b")), { code: "EACCES", path: join(root, "closed/a") });
});
