import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFolder } from "./folder-lock.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-lock-"));
test.after(() => rmSync(root, { recursive: true }));

test("a folder is held once, until it is given back", () => {
  const dir = join(root, "made/by/it");
  const first = lockFolder(dir, ".lock");
  assert.ok(first !== undefined);
  assert.equal(lockFolder(dir, ".lock"), undefined);
  using other = lockFolder(dir, ".other-lock");
  assert.ok(other !== undefined);
  first[Symbol.dispose]();
  using again = lockFolder(dir, ".lock");
  assert.ok(again !== undefined);
});

test("what another process holds is refused; what it held when it was killed is taken over", async () => {
  const dir = join(root, "others");
  const program = `
    import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, "folder-lock.ts"))};
    globalThis.lock = lockFolder(${JSON.stringify(dir)}, ".lock");
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  await once(child.stdout, "data");
  assert.equal(lockFolder(dir, ".lock"), undefined);
  child.kill("SIGKILL");
  await once(child, "exit");
  using taken = lockFolder(dir, ".lock");
  assert.ok(taken !== undefined);
});

test("a folder that can hold no lock is what the system says of it", () => {
  writeFileSync(join(root, "file"), "");
  assert.throws(() => lockFolder(join(root, "file/below"), ".lock"), { code: "EEXIST", path: join(root, "file") });
  writeFileSync(join(root, ".lock"), "no lock ".repeat(1000));
  assert.throws(() => lockFolder(root, ".lock"), { code: "ERR_SQLITE_ERROR" });
});
