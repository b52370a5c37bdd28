import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findPythons } from "./python.mjs";
import { SetupError } from "./setup-error.mjs";
import { inspectTorchFolder, isSupportedVersion, readTorchVersion } from "./torch-folder.mjs";
import { cachedTorchFolder, cacheFolder, searchCache, searchPythons, torchFromVariable } from "./torch-search.mjs";

const scratch = mkdtempSync(join(tmpdir(), "medssl-torch-search-"));
after(() => rmSync(scratch, { recursive: true }));

/** A folder that looks like site-packages/torch. */
function fakeTorch(folder: string, version: string, { hasHeaders = true } = {}): string {
  mkdirSync(join(folder, "lib"), { recursive: true });
  if (hasHeaders) mkdirSync(join(folder, "include", "ATen"), { recursive: true });
  writeFileSync(join(folder, "lib", "libtorch_cpu.so"), "");
  // As PyTorch 2.15 writes it.
  writeFileSync(
    join(folder, "version.py"),
    `from typing import Optional\n\n__version__ = '${version}'\ndebug = False\ncuda: Optional[str] = '13.2'\nhip: Optional[str] = None\n`,
  );
  return folder;
}

/** A program called python3 that answers set-up's question, in a folder for PATH. */
function fakePython(folder: string, torchDir: string | null): string {
  mkdirSync(folder, { recursive: true });
  const answer = { path: join(folder, "python3"), version: "3.12.1", hasPip: true, torchDir };
  writeFileSync(join(folder, "python3"), `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
  chmodSync(join(folder, "python3"), 0o755);
  return folder;
}

test("versions from 2.11 to 2.15 are supported, with whatever build suffix", () => {
  const versions = ["2.10.1", "2.11.0", "2.13.1+cpu", "2.15.0+cu132", "2.16.0", "1.13.1", "3.0.0", "nonsense"];
  assert.deepEqual(versions.filter(isSupportedVersion), ["2.11.0", "2.13.1+cpu", "2.15.0+cu132"]);
});

test("version and CUDA come from version.py, or from build-version in libtorch's zip file", () => {
  const wheel = fakeTorch(join(scratch, "wheel"), "2.15.0+cu132");
  assert.deepEqual(readTorchVersion(wheel), { version: "2.15.0+cu132", cuda: "13.2" });
  writeFileSync(join(wheel, "version.py"), "__version__ = '2.12.0'\ncuda = None\n");
  assert.deepEqual(readTorchVersion(wheel), { version: "2.12.0", cuda: undefined });
  const zip = join(scratch, "zip");
  mkdirSync(zip);
  assert.equal(readTorchVersion(zip), undefined);
  writeFileSync(join(zip, "build-version"), "2.14.0+cpu\n");
  assert.deepEqual(readTorchVersion(zip), { version: "2.14.0+cpu", cuda: undefined });
});

test("a libtorch folder may be named itself or by the site-packages around it", () => {
  const torch = fakeTorch(join(scratch, "site-packages", "torch"), "2.15.0");
  const expected = { dir: torch, version: "2.15.0", hasCuda: false };
  assert.deepEqual(inspectTorchFolder(torch), expected);
  assert.deepEqual(inspectTorchFolder(join(scratch, "site-packages")), expected);
  writeFileSync(join(torch, "lib", "libtorch_cuda.so"), "");
  assert.deepEqual(inspectTorchFolder(torch), { ...expected, hasCuda: true });
});

test("MEDSSL_TORCH that cannot be used is one sentence with the remedy", () => {
  const old = fakeTorch(join(scratch, "old"), "2.4.1");
  const bare = fakeTorch(join(scratch, "bare"), "2.15.0", { hasHeaders: false });
  const nowhere = join(scratch, "nowhere");
  const cases: [folder: string, message: string][] = [
    [nowhere, `MEDSSL_TORCH=${nowhere} is not a libtorch folder: there is no such folder`],
    [bare, `MEDSSL_TORCH=${bare} is not a libtorch folder: it has no C++ headers (include/ATen)`],
    [old, `MEDSSL_TORCH=${old} holds libtorch 2.4.1, but 2.11 to 2.15 is needed`],
  ];
  for (const [folder, message] of cases) {
    assert.throws(
      () => torchFromVariable(folder),
      (error) => error instanceof SetupError && error.message === message && /or unset it/.test(error.remedy),
    );
  }
});

test("an installed PyTorch is found, and one that cannot be used is passed over with a note", async () => {
  const installed = fakeTorch(join(scratch, "python", "torch"), "2.11.0+cu130");
  const path = fakePython(join(scratch, "bin"), installed);
  const oldPath = fakePython(join(scratch, "old-bin"), fakeTorch(join(scratch, "old-python", "torch"), "2.4.1"));
  const none = fakePython(join(scratch, "none-bin"), null);
  const search = async (...paths: string[]) => {
    const notes: string[] = [];
    const pythons = await Promise.all(paths.map((folder) => findPythons({ PATH: folder })));
    return { dir: searchPythons(pythons.flat(), (text) => notes.push(text))?.dir, notes };
  };
  const note = `PyTorch 2.4.1 of ${join(oldPath, "python3")} is not used: 2.11 to 2.15 is needed`;
  assert.deepEqual(await search(path), { dir: installed, notes: [] });
  assert.deepEqual(await search(oldPath, none), { dir: undefined, notes: [note] });
  assert.deepEqual(await search(oldPath, path), { dir: installed, notes: [note] });
});

test("a machine with an NVIDIA card does not take the cached libtorch without CUDA, the other way round it does", () => {
  const [first, second] = [{ XDG_CACHE_HOME: join(scratch, "cache") }, { XDG_CACHE_HOME: join(scratch, "cuda-cache") }];
  const plain = fakeTorch(join(cachedTorchFolder(first, false), "torch"), "2.15.0");
  const withCuda = fakeTorch(join(cachedTorchFolder(second, true), "torch"), "2.15.0");
  assert.equal(searchCache(first, false)?.dir, plain);
  assert.equal(searchCache(first, true), undefined);
  assert.equal(searchCache(second, true)?.dir, withCuda);
  assert.equal(searchCache(second, false)?.dir, withCuda);
});

test("the active virtual environment is asked first, and each Python once", async () => {
  const path = fakePython(join(scratch, "system"), null);
  const environment = join(scratch, "venv");
  fakePython(join(environment, "bin"), join(environment, "torch"));
  // In an environment `python` is the name that is there in any case.
  writeFileSync(join(environment, "bin", "python"), `#!/bin/sh\nexec "${join(environment, "bin", "python3")}"\n`, {
    mode: 0o755,
  });
  const pythons = await findPythons({ PATH: `${join(environment, "bin")}:${path}`, VIRTUAL_ENV: environment });
  assert.deepEqual(
    pythons.map(({ torchDir }) => torchDir),
    [join(environment, "torch")],
  );
  assert.deepEqual(await findPythons({ PATH: join(scratch, "nowhere") }), []);
});

test("the cache is the user's", () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/x" }), "/x/medssl");
  assert.match(cacheFolder({ XDG_CACHE_HOME: "" }), /(\.cache|Library\/Caches)\/medssl$/);
});
