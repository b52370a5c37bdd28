import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findCompiler } from "./compiler.mjs";
import { freeBytes, requireSpace } from "./disk-space.mjs";
import { SetupError } from "./setup-error.mjs";
import { pipFailure, requirePip } from "./torch-fetch.mjs";

const scratch = mkdtempSync(join(tmpdir(), "medssl-setup-"));
after(() => rmSync(scratch, { recursive: true }));

const python = { path: "/usr/bin/python3", version: "3.11.2", hasPip: true, torchDir: null };
const told = (message: RegExp, remedy: RegExp) => (error: unknown) =>
  error instanceof SetupError && message.test(error.message) && remedy.test(error.remedy);

test("no compiler: the message says how to install one", async () => {
  await assert.rejects(
    findCompiler({ PATH: scratch }),
    told(/no C\+\+ compiler was found/, /apt-get install g\+\+|xcode/),
  );
  await assert.rejects(findCompiler({ PATH: scratch, CXX: "g++-99" }), told(/CXX=g\+\+-99 does not run/, /set CXX/));
});

test("no Python, no pip: the message says how to install them", () => {
  assert.throws(() => requirePip([]), told(/Python 3 was not found/, /apt-get install python3/));
  assert.throws(() => requirePip([{ ...python, hasPip: false }]), told(/has no pip/, /python3-pip/));
  assert.equal(requirePip([{ ...python, path: "/first", hasPip: false }, python]), python);
});

// What pip 23 prints in each case.
const noNetwork = `WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object>: Failed to establish a new connection: [Errno 111] Connection refused')': /torch/
ERROR: Could not find a version that satisfies the requirement torch==2.15.0 (from versions: none)
ERROR: No matching distribution found for torch==2.15.0`;
const noVersion = `ERROR: Could not find a version that satisfies the requirement torch==2.15.0 (from versions: 2.4.0, 2.5.1)
ERROR: No matching distribution found for torch==2.15.0`;
const noSpace = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";

test("what pip says becomes one sentence", () => {
  assert.ok(told(/cannot reach its package index/, /MEDSSL_TORCH/)(pipFailure("torch==2.15.0", noNetwork, python)));
  assert.ok(
    told(/finds no torch==2\.15\.0 for this machine/, /Update pip/)(pipFailure("torch==2.15.0", noVersion, python)),
  );
  assert.equal((pipFailure("torch==2.15.0", noSpace, python) as NodeJS.ErrnoException).code, "ENOSPC");
  assert.ok(told(/ERROR: odd/, /run the same command/)(pipFailure("torch==2.15.0", "noise\nERROR: odd\n", python)));
});

test("too little space is known before anything is fetched", () => {
  const folder = join(scratch, "not", "yet", "there");
  assert.equal(freeBytes(folder) > 0, true);
  requireSpace("libtorch", folder, 1, "");
  assert.throws(
    () => requireSpace("libtorch", folder, 1e18, "Or elsewhere."),
    told(/not enough disk space for libtorch: 1000000000\.0 GB are needed in .*there, .* are free/, /Or elsewhere\./),
  );
});

test("set-up ends with exit code 1, one message and no stack trace", () => {
  const setup = fileURLToPath(new URL("../setup.mjs", import.meta.url));
  const env = { ...process.env, MEDSSL_TORCH: scratch };
  const { status, stdout, stderr } = spawnSync(process.execPath, [setup, "--quiet"], { env, encoding: "utf8" });
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    `\nset-up: MEDSSL_TORCH=${scratch} is not a libtorch folder: it has no lib/libtorch_cpu.so (.dylib on macOS)\n` +
      "  Set it to a folder that holds lib/ and include/ (such as .../site-packages/torch), or unset it:\n" +
      "  an installed PyTorch is then used, or libtorch is fetched.\n",
  );
});
