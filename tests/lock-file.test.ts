import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type LockFile, missingPackages } from "../scripts/lock-file.mjs";

test("the lock file names every platform's packages, without which `npm ci` refuses it", () => {
  const lock: LockFile = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(missingPackages(lock)), [], "run: node scripts/complete-lock.mjs");
});

test("a package that npm left out is described by its name and its parent", () => {
  const parent = { version: "2.6.8", dev: true, license: "MIT", engines: { node: ">=14" } };
  const optionalDependencies = { "@biomejs/cli-linux-x64": "2.6.8", "@biomejs/cli-linux-arm64-musl": "2.6.8" };
  const packages = {
    "node_modules/@biomejs/biome": { ...parent, optionalDependencies },
    "node_modules/@biomejs/cli-linux-x64": parent,
  };
  assert.deepEqual(missingPackages({ packages }), {
    "node_modules/@biomejs/cli-linux-arm64-musl": {
      ...parent,
      cpu: ["arm64"],
      libc: ["musl"],
      optional: true,
      os: ["linux"],
    },
  });
});
