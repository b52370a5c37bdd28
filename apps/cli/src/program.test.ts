import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildProgram } from "./program.ts";
import { commands } from "./registry.ts";

const bin = fileURLToPath(new URL("../bin/medssl.mjs", import.meta.url));
const medssl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
};

test("every file in commands/ is registered and holds the command of its name, with examples", async () => {
  const files = readdirSync(new URL("commands/", import.meta.url)).filter((name) => !name.endsWith(".test.ts"));
  assert.deepEqual(commands.map(({ name }) => `${name}.ts`).sort(), files.sort());
  for (const { name, load } of commands) {
    const command = await load();
    const help: string[] = [];
    command.configureOutput({ writeOut: (text) => help.push(text) }).outputHelp();
    assert.equal(command.name(), name);
    assert.match(help.join(""), new RegExp(`Examples:\n +medssl ${name}`));
  }
});

test("an option that shows a value in its help takes one", async () => {
  for (const { name, load } of commands) {
    // commander reads "--store DIR" as a switch without a value; "--store <dir>" is meant.
    for (const { flags } of (await load()).options) assert.doesNotMatch(flags, /--\S+ [^<[]/, `${name} ${flags}`);
  }
});

test("the list of commands imports none of them", async () => {
  const program = await buildProgram(["--help"]);
  assert.deepEqual(
    program.commands.map((command) => command.name()),
    commands.map(({ name }) => name),
  );
  assert.equal(program.commands.find((command) => command.name() === "doctor")?.options.length, 0);
  const named = await buildProgram(["help", "doctor"]);
  assert.equal(named.commands.find((command) => command.name() === "doctor")?.options.length, 1);
});

test("unknown commands and options are told, with the likely one, and end with exit code 1", () => {
  const { status, stdout, stderr } = medssl("docter");
  assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
  assert.match(stderr, /unknown command 'docter'\n\(Did you mean doctor\?\)/);
  assert.match(medssl("doctor", "--jsn").stderr, /unknown option '--jsn'\n\(Did you mean --json\?\)/);
});

test("what the user can mend is a sentence and a hint, without a stack trace", () => {
  const { status, stdout, stderr } = medssl("evaluate", "--model", "/nowhere/model", "--store", "/nowhere/store");
  assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
  assert.match(stderr, /^medssl: .*\/nowhere\/.*\n {2}\S/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test("without a command the list of commands is shown", () => {
  const { status, stdout } = medssl();
  assert.equal(status, 0);
  assert.match(stdout, /Commands:\n +doctor +what was found/);
});
