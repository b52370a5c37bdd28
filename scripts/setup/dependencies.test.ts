import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { isInstalled } from "./dependencies.mjs";

const root = mkdtempSync(join(tmpdir(), "medssl-dependencies-"));
after(() => rmSync(root, { recursive: true }));

const node = { "node_modules/node": { version: "24.21.0" } };
const workspace = { "node_modules/@medssl/torch": { link: true } };
const sharp = (os: string) => ({
  [`node_modules/@img/sharp-${os}`]: { version: "0.35.5", optional: true, os: [os], cpu: [process.arch] },
});

const lock = (packages: object) => writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
/** Makes node_modules as npm would. */
function install(packages: object): void {
  rmSync(join(root, "node_modules"), { recursive: true, force: true });
  for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(root, "node_modules", "node", "bin"), { recursive: true });
  writeFileSync(join(root, "node_modules", "node", "bin", "node"), "");
  writeFileSync(join(root, "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
}

beforeEach(() => {
  lock({ "": { name: "medssl-vit" }, ...node, ...workspace });
  install({ ...node, ...workspace });
});

test("packages count as installed while they are what the lock file names", () => {
  assert.equal(isInstalled(root), true);
  lock({ ...node, ...workspace });
  assert.equal(isInstalled(root), true, "written anew, with the same packages");
  lock({ "node_modules/node": { version: "24.22.0" }, ...workspace });
  assert.equal(isInstalled(root), false, "another version");
  lock({ ...node, ...workspace, "node_modules/zod": { version: "4.6.7" } });
  assert.equal(isInstalled(root), false, "one more package");
});

test("nothing installed, Node 24 or a folder missing: they are not", () => {
  rmSync(join(root, "node_modules", "@medssl"), { recursive: true });
  assert.equal(isInstalled(root), false);
  install({ ...node, ...workspace });
  rmSync(join(root, "node_modules", "node", "bin", "node"));
  assert.equal(isInstalled(root), false);
  rmSync(join(root, "node_modules"), { recursive: true });
  assert.equal(isInstalled(root), false);
});

test("packages of other platforms may be missing, this platform's may not", () => {
  lock({ ...node, ...workspace, ...sharp("aix") });
  assert.equal(isInstalled(root), true);
  // npm under Node 18 leaves out sharp's library, which asks for Node 20.
  lock({ ...node, ...workspace, ...sharp(process.platform) });
  assert.equal(isInstalled(root), false);
  install({ ...node, ...workspace, ...sharp(process.platform) });
  assert.equal(isInstalled(root), true);
});
