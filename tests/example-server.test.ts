/** The example's server: what it serves, and that no address shows other files or ends it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const scratch = mkdtempSync(join(tmpdir(), "medssl-serve-"));
let server: ChildProcess;
let port: number;

before(async () => {
  for (const folder of ["model", "model-of-others"]) mkdirSync(join(scratch, folder));
  writeFileSync(join(scratch, "model", "model.json"), "{}");
  for (const secret of ["secret.txt", "model-of-others/secret.txt"]) writeFileSync(join(scratch, secret), "secret");
  const serve = fileURLToPath(new URL("../examples/segmenter-page/serve.ts", import.meta.url));
  server = spawn(process.execPath, [serve, join(scratch, "model"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const address = String(await new Promise((resolve) => server.stdout!.once("data", resolve)));
  port = Number(new URL(address).port);
});

after(() => {
  server.kill();
  rmSync(scratch, { recursive: true });
});

/** The path goes out as it stands: `fetch` would tidy it. */
function get(path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, text }));
    });
    sent.on("error", reject).end();
  });
}

test("the page and the model are served, nothing else", async () => {
  assert.match((await get("/")).text, /^<!doctype html>/);
  assert.deepEqual(await get("/model/model.json?x=1"), { status: 200, text: "{}" });
  for (const path of ["/serve.ts", "/model", "/model/", "/model/nothing.onnx", "/package.json"]) {
    assert.equal((await get(path)).status, 404, path);
  }
});

test("no way leads out of the folders", async () => {
  const up = ["/model/../secret.txt", "/model/%2e%2e/secret.txt", "/model/..%2fsecret.txt", "/model/..%5csecret.txt"];
  const others = ["/model/..%2fmodel-of-others%2fsecret.txt", "/..%2f..%2fpackage.json", "//model/../../secret.txt"];
  for (const path of [...up, ...others]) assert.deepEqual(await get(path), { status: 404, text: "" }, path);
});

test("what is no address is refused, and the server goes on", async () => {
  for (const path of ["/%", "/model/%00", "/model/%E0%A4%A", "*"]) assert.equal((await get(path)).status, 400, path);
  assert.equal((await get("/model/model.json")).status, 200);
});
