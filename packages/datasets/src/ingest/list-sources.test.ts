import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sampleSource } from "../layouts/sample-source.ts";
import { ingest } from "./ingest.ts";

async function refuses(source: string, expected: { code: string; message: RegExp }) {
  const store = join(sampleSource(), "store");
  await assert.rejects(
    ingest([source], { store }, () => {}),
    expected,
  );
  return store;
}

test("what is no folder is refused before anything is written", async () => {
  const source = sampleSource("a.png");
  const missing = await refuses(join(source, "none"), { code: "ERR_SOURCE_MISSING", message: /none: no such folder/ });
  assert.equal(existsSync(missing), false);
  await refuses(join(source, "a.png"), { code: "ERR_SOURCE_FILE", message: /expected a folder of images, got a file/ });
});
