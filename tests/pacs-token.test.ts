/**
 * The way round an archive that lets in who has a bearer token, on every machine: Orthanc knows no tokens. A study is fetched,
 * segmented by `medssl predict`, and its DICOM SEG stored; the token is renewed on the way.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseDicom, readSegmentation } from "@medssl/imaging";
import { dxFilm, dxStudy } from "./sample-instances.ts";

const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
const tinyModel = fileURLToPath(new URL("../packages/segmenter/src/fixtures/tiny-model", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "medssl-pacs-token-"));
test.after(() => rmSync(dir, { recursive: true }));

const film = dxFilm();
const seriesUid = `${dxStudy}.1`;
const instanceUid = `${seriesUid}.1`;
const values = (tags: Readonly<Record<string, string>>) =>
  JSON.stringify([Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, { vr: "UI", Value: [value] }]))]);

/** What an archive with one film answers; STOW-RS takes one file. */
function answer(url: URL, body: Buffer, response: ServerResponse): Uint8Array | undefined {
  const study = `/rs/studies/${dxStudy}`;
  const found: Readonly<Record<string, string>> = {
    [`${study}/series`]: values({ "0020000E": seriesUid, "00080060": "DX" }),
    [`${study}/series/${seriesUid}/instances`]: values({ "00080018": instanceUid }),
  };
  const list = found[url.pathname];
  if (list !== undefined) response.end(url.searchParams.get("offset") === "0" ? list : "[]");
  else if (url.pathname === `${study}/series/${seriesUid}`) {
    response.setHeader("content-type", 'multipart/related; type="application/dicom"; boundary=edge');
    response.end(Buffer.concat([Buffer.from("--edge\r\n\r\n"), film, Buffer.from("\r\n--edge--\r\n")]));
  } else if (url.pathname === "/rs/studies") {
    const start = body.indexOf("\r\n\r\n") + 4;
    const stored = new Uint8Array(body.subarray(start, body.lastIndexOf("\r\n--")));
    const item = { "00081155": { vr: "UI", Value: [parseDicom(stored, "stored").string("00080018")] } };
    response.end(JSON.stringify({ "00081199": { vr: "SQ", Value: [item] } }));
    return stored;
  } else response.writeHead(404).end();
  return undefined;
}

test("a study is fetched, segmented and its result stored with a bearer token that is renewed", async () => {
  const tokenFile = join(dir, "token");
  let token = "t0ken-one";
  const stored: Uint8Array[] = [];
  const logins: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = await buffer(request);
    const url = new URL(request.url ?? "", "http://archive");
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
      return;
    }
    logins.push(token);
    const taken = answer(url, body, response);
    if (taken !== undefined) stored.push(taken);
    // What was fetched was fetched with the first; the result needs another.
    if (url.pathname.endsWith(`/series/${seriesUid}`)) {
      token = "t0ken-two";
      writeFileSync(tokenFile, "t0ken-two\n");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const pacs = ["--pacs", `http://127.0.0.1:${port}/rs`, "--study", dxStudy, "--store-result"];
  const run = async (...more: readonly string[]) => {
    const args = ["predict", "--model", tinyModel, ...pacs, ...more, "--json"];
    const child = spawn(process.execPath, [main, ...args]);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { status, stdout, stderr };
  };
  try {
    const refused = await run("--out", join(dir, "refused"));
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /401: it wants a login\n.*--pacs-token-file/);
    assert.ok(!existsSync(join(dir, "refused", "masks")));

    writeFileSync(tokenFile, "t0ken-one\n");
    const out = join(dir, "out");
    const { status, stdout, stderr } = await run("--out", out, "--pacs-token-file", tokenFile);
    assert.equal(status, 0, stderr);
    const { predictions } = JSON.parse(stdout);
    assert.equal(predictions[0].file, `http://127.0.0.1:${port}/rs/studies/${dxStudy}/series/${seriesUid}`);
    assert.equal(predictions[0].stored[0].isStored, true);
    assert.deepEqual([logins[0], logins.at(-1)], ["t0ken-one", "t0ken-two"]);
    assert.doesNotMatch(stdout + stderr, /t0ken|Bearer/);
    const header = parseDicom(stored[0]!, "stored");
    const segmentation = await readSegmentation(header);
    assert.equal(header.string("0020000D"), dxStudy);
    assert.equal(header.string("00100020"), "P2");
    assert.equal(segmentation.frames[0]!.sources[0]!.instanceUid, instanceUid);
    assert.ok(!readdirSync(out).includes("private"), "the copies are gone");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
