import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { CsvIndex, readCsv } from "./csv.ts";
import { sampleSource } from "./sample-source.ts";

const tableOf = (content: string | Uint8Array, name = "t.csv") => join(sampleSource({ [name]: content }), name);

async function rows(content: string | Uint8Array, name?: string, columns?: string[]) {
  return (await Array.fromAsync(readCsv(tableOf(content, name), columns))).map((record) => Object.values(record));
}

test("fields in quotes hold commas, line ends and doubled quotes; empty ones are empty", async () => {
  const text = 'a,b,c\r\n"1, 2","x\ny","say ""hi"""\r\n"",,""""\n\nlast,,';
  assert.deepEqual(await rows(text), [
    ["1, 2", "x\ny", 'say "hi"'],
    ["", "", '"'],
    ["last", "", ""],
  ]);
});

test("short records are filled up; blanks and the byte-order mark around names of columns are dropped", async () => {
  assert.deepEqual(await Array.fromAsync(readCsv(tableOf("\uFEFFa, b ,c\n1\n"))), [{ a: "1", b: "", c: "" }]);
});

test("a packed table is the same; letters of several bytes are whole across chunks", async () => {
  const line = `${"\u00e4\u6f22".repeat(20_000)},end`;
  assert.deepEqual(await rows(gzipSync(`a,b\n${line}\n`), "t.csv.gz"), [line.split(",")]);
});

test("a missing column, a damaged or missing table are refused", async () => {
  const refused = (message: RegExp) => ({ code: "ERR_TABLE", message });
  await assert.rejects(rows("a,b\n1,2\n", "t.csv", ["c"]), refused(/expected a column "c", got a, b/));
  await assert.rejects(rows("no gzip", "t.csv.gz"), refused(/t\.csv\.gz: cannot be read/));
  await assert.rejects(Array.fromAsync(readCsv(join(sampleSource(), "none.csv"))), refused(/cannot be read/));
});

test("records are looked up by key; the last of a key counts", async () => {
  const index = await CsvIndex.read(tableOf("id,v\na,1\nb,2\na,3\n"), (record) => record["id"]!);
  assert.deepEqual(index.get("a"), { id: "a", v: "3" });
  assert.equal(index.get("c"), undefined);
  assert.equal(index.count, 2);
  index.close();
});
