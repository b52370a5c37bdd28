import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findCycle, type Import, importsOf, readImports, sourceFiles, violation } from "./import-graph.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const imports = readImports(root);
const from = (file: string, specifier: string): Import => ({ file, specifier, isRuntime: true });

test("packages import each other in the architecture's order, by name", () => {
  assert.deepEqual(
    imports.map(violation).filter((sentence) => sentence !== undefined),
    [],
  );
});

test("no file imports itself by way of others", () => {
  assert.equal(findCycle(imports), undefined);
});

test("every file is read", () => {
  const files = sourceFiles(root);
  for (const file of ["packages/contract/src/index.ts", "apps/cli/bin/medssl.mjs", "scripts/setup.mjs"]) {
    assert.ok(files.includes(file), file);
  }
  assert.ok(imports.some(({ file, specifier }) => file === "apps/cli/src/program.ts" && specifier === "commander"));
});

test("a breach of the order is found", () => {
  const breaches: [file: string, specifier: string, sentence: RegExp][] = [
    ["packages/imaging/src/png.ts", "@medssl/torch", /may not import "@medssl\/torch"/],
    ["packages/learn/src/vit.ts", "@medssl/cli", /may not import "@medssl\/cli"/],
    ["packages/learn/src/vit.ts", "@medssl/torch/src/tensor.ts", /reaches into a package/],
    ["packages/learn/src/vit.ts", "../../torch/src/tensor.ts", /leaves packages\/learn/],
    ["packages/contract/src/errors.ts", "commander", /zod and nothing else/],
    ["packages/torch/src/x.ts", "../../../scripts/setup/python.mjs", /leaves packages\/torch/],
    ["scripts/setup/x.mjs", "zod", /before anything is installed/],
    ["packages/newcomer/src/x.ts", "zod", /no place in the architecture's order/],
  ];
  for (const [file, specifier, sentence] of breaches) assert.match(violation(from(file, specifier)) ?? "", sentence);
  assert.equal(violation(from("packages/learn/src/nn/vit.ts", "../index.ts")), undefined);
  assert.equal(violation(from("apps/cli/src/health-checks.ts", "../../../scripts/setup/python.mjs")), undefined);
});

test("imports are read in every form", () => {
  const text = `
import "./side-effect.ts";
import type { A } from "./types.ts";
import {
  b,
  c,
} from "./lines.ts";
export * from "./again.ts";
const late = await import("./late.ts");
/**
 * import { example } from "./example.ts";
 */`;
  assert.deepEqual(
    importsOf("a.ts", text).map(({ specifier, isRuntime }) => [specifier, isRuntime]),
    [
      ["./side-effect.ts", true],
      ["./types.ts", false],
      ["./lines.ts", true],
      ["./again.ts", true],
      ["./late.ts", false],
    ],
  );
});

test("a cycle is found, unless one of its imports is a type", () => {
  const circle = [from("a.ts", "./b.ts"), from("b.ts", "./sub/c.ts"), from("sub/c.ts", "../a.ts")];
  assert.deepEqual(findCycle(circle), ["a.ts", "b.ts", "sub/c.ts", "a.ts"]);
  assert.equal(findCycle(circle.map((one) => ({ ...one, isRuntime: one.file !== "b.ts" }))), undefined);
});
