import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { addonPaths, isCurrent, planObjects, readBuild, sourceHash } from "./addon.mjs";

const scratch = mkdtempSync(join(tmpdir(), "medssl-addon-"));
after(() => rmSync(scratch, { recursive: true }));

const torch = { dir: "/opt/torch", version: "2.15.0", hasCuda: false };

/** A repository with two sources and a header. */
function fakeRepository(name: string): string {
  const root = join(scratch, name);
  const { native } = addonPaths(root);
  mkdirSync(native, { recursive: true });
  for (const file of ["a.cc", "b.cc", "shared.h"]) writeFileSync(join(native, file), `// ${file}\n`);
  return root;
}

test("the addon is built again when a source, the libtorch folder or its version changed, and not else", () => {
  const root = fakeRepository("changes");
  const hash = sourceHash(root);
  const build = { torchDir: torch.dir, torchVersion: torch.version, compiler: "g++", sourceHash: hash, missing: {} };
  assert.equal(isCurrent(build, torch, sourceHash(root)), true);
  assert.equal(isCurrent(undefined, torch, hash), false);
  assert.equal(isCurrent(build, { ...torch, dir: "/usr/lib/torch" }, hash), false);
  assert.equal(isCurrent(build, { ...torch, version: "2.14.0" }, hash), false);
  writeFileSync(join(addonPaths(root).native, "notes.md"), "no source\n");
  assert.equal(isCurrent(build, torch, sourceHash(root)), true);
  writeFileSync(join(addonPaths(root).native, "shared.h"), "// changed\n");
  assert.equal(isCurrent(build, torch, sourceHash(root)), false);
});

test("what build.json says counts only while the addon is there", () => {
  const root = fakeRepository("lost");
  const { build, buildFile, addon } = addonPaths(root);
  mkdirSync(build);
  writeFileSync(buildFile, JSON.stringify({ torchDir: "/opt/torch" }));
  assert.equal(readBuild(root), undefined);
  writeFileSync(addon, "");
  assert.equal(readBuild(root)?.torchDir, "/opt/torch");
});

test("a changed source is compiled anew by itself, a changed header or setting everything", () => {
  const { native } = addonPaths(fakeRepository("objects"));
  const plan = (settings: string) => planObjects(native, "/objects", settings).map(({ object }) => basename(object));
  const [a, b] = plan("-O2");
  assert.match(a ?? "", /^a-[0-9a-f]{16}\.o$/);
  writeFileSync(join(native, "a.cc"), "// changed\n");
  const [changedA, sameB] = plan("-O2");
  assert.notEqual(changedA, a);
  assert.equal(sameB, b);
  writeFileSync(join(native, "shared.h"), "// changed\n");
  assert.notEqual(plan("-O2")[1], b);
  assert.notEqual(plan("-O2")[1], plan("-O3")[1]);
});

test("the hash is of the sources' contents, wherever they lie", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const copy = join(scratch, "copy");
  cpSync(addonPaths(root).native, addonPaths(copy).native, { recursive: true });
  assert.equal(sourceHash(copy), sourceHash(root));
});
