import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testFolder } from "../testing/disc-store.ts";
import { EventFile } from "./event-file.ts";
import { crc32c } from "./tf-record.ts";

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const startMs = 1_764_000_000_000;

test("a file has the bytes that TensorBoard's own writer gives it (fixtures/make-event-file.py)", () => {
  const dir = join(testFolder(), "made", "here");
  const file = new EventFile(dir);
  file.scalars(0, { nothing: Number.NaN }, startMs);
  file.scalars(0, { loss: 1.5, "acl/rank": Number.NaN, "acl/top1": 0, mim: Number.POSITIVE_INFINITY }, startMs + 250);
  file.scalars(127, { loss: -0.1 }, startMs + 1500);
  file.scalars(128, { loss: 1e-30 }, startMs + 2000);
  file.scalars(5e9, { "\u00b5": 3e38 }, startMs + 3000);
  file.image(300, "reconstructions", fixture("event-file.png"), startMs + 4000);
  const [name, ...others] = readdirSync(dir);
  assert.deepEqual(others, []);
  assert.equal(name, `events.out.tfevents.1764000000.${hostname()}.${process.pid}`);
  assert.deepEqual(readFileSync(join(dir, name)), fixture("event-file.tfevents"));
});

test("a resumed run's file is read after the ones before it, whatever the clock says", () => {
  const dir = testFolder();
  writeFileSync(join(dir, "metrics.jsonl"), "");
  for (const laterMs of [0, 0, -5e6]) new EventFile(dir).scalars(7, { loss: 1 }, startMs + laterMs);
  const seconds = readdirSync(dir).flatMap((name) => /tfevents\.(\d+)\./.exec(name)?.[1] ?? []);
  assert.deepEqual(seconds, ["1764000000", "1764000001", "1764000002"]);
});

test("the checksum is CRC-32C: the vectors of RFC 3720, appendix B.4", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
});
