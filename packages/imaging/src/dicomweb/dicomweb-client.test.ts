import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RunEvent } from "@medssl/contract";
import { fetchStudy } from "../node/fetch-study.ts";
import { DicomwebClient } from "./dicomweb-client.ts";
import type { PacsConnectionOptions } from "./pacs-connection.ts";
import { fakePacs, instance, listOf, multipart, sendInstances, series, studyUid } from "./testing/fake-pacs.ts";

const seriesPath = `/studies/${studyUid}/series/${series.seriesUid}`;
const uid = (number: number) => `${series.seriesUid}.${number}`;

/** Quick to try again. */
const clientOf = (url: string, options: PacsConnectionOptions = {}) =>
  new DicomwebClient(url, { firstPauseMs: 1, attempts: 3, ...options });

async function numbersOf(client: DicomwebClient, known = new Set<string>()): Promise<number[]> {
  const found: number[] = [];
  for await (const { instanceUid, bytes } of client.retrieveSeries(series, { known })) {
    const number = Number(instanceUid.split(".").at(-1));
    assert.deepEqual(bytes, instance(number));
    found.push(number);
  }
  return found;
}

/** Answers a search of the series' instances; says whether it was one. */
function listed(url: string, response: { end(text: string): unknown }, numbers: readonly number[]): boolean {
  if (!url.startsWith(`${seriesPath}/instances?`)) return false;
  response.end(url.includes("offset=0") ? listOf("00080018", numbers.map(uid)) : "[]");
  return true;
}

test("pages are asked for until one brings nothing new, whatever an archive makes of limit and offset", async () => {
  const all = Array.from({ length: 7 }, (_, i) => `1.${i}`);
  const servers: Readonly<Record<string, (query: URLSearchParams) => readonly string[]>> = {
    "pages as asked": (query) => all.slice(Number(query.get("offset"))).slice(0, Number(query.get("limit"))),
    "pages of three": (query) => all.slice(Number(query.get("offset"))).slice(0, 3),
    "no pages": () => all,
  };
  for (const [name, page] of Object.entries(servers)) {
    await using pacs = await fakePacs(({ url }, response) => {
      response.end(listOf("0020000D", page(new URL(url, "http://x").searchParams)));
    });
    const client = clientOf(pacs.url);
    const found = await Array.fromAsync(
      client.findStudies({ ModalitiesInStudy: "DX" }, { includeFields: ["00081030"] }),
    );
    assert.deepEqual(
      found.map((study) => study.studyUid),
      all,
      name,
    );
    const first = new URL(pacs.requests[0]!.url, "http://x").searchParams;
    assert.deepEqual([first.get("ModalitiesInStudy"), first.get("includefield")], ["DX", "00081030"]);
    assert.equal((await Array.fromAsync(client.findStudies({}, { limit: 4 }))).length, 4, name);
  }
});

test("no match is no error, be it an empty list or no content", async () => {
  await using pacs = await fakePacs((_, response) => {
    response.statusCode = 204;
    response.end();
  });
  assert.deepEqual(await Array.fromAsync(clientOf(pacs.url).findSeries(studyUid)), []);
});

test("a series that breaks off in the third instance: the first two are kept, only the others are asked for", async () => {
  await using pacs = await fakePacs(({ url }, response, numBefore) => {
    if (listed(url, response, [1, 2, 3, 4])) return;
    response.setHeader("content-type", "multipart/related; boundary=boundary");
    const single = /instances\/1\.2\.3\.4\.(\d)$/.exec(url)?.[1];
    if (single !== undefined) {
      // The fourth breaks off once more.
      if (single === "4" && numBefore === 0) response.write("HTTP", () => response.destroy());
      else sendInstances(response, [Number(single)]);
      return;
    }
    const whole = multipart([1, 2, 3, 4].map(instance));
    response.write(whole.subarray(0, whole.indexOf("1.2.3.4.3") + 200), () => setTimeout(() => response.destroy(), 20));
  });
  assert.deepEqual(await numbersOf(clientOf(pacs.url)), [1, 2, 3, 4]);
  const singles = pacs.requests.map(({ url }) => url).filter((url) => url.includes("/instances/"));
  assert.deepEqual(
    singles,
    [uid(3), uid(4), uid(4)].map((one) => `${seriesPath}/instances/${one}`),
  );
});

test("a series that comes faster than it is taken: no more than the bound waits in memory, the rest is asked for one by one", async (t) => {
  const [numInstances, padding, maxWaitingBytes] = [24, 2 ** 20, 4 * 2 ** 20];
  const large = (number: number) => Buffer.concat([instance(number), Buffer.alloc(padding)]);
  const numbers = Array.from({ length: numInstances }, (_, i) => i + 1);
  const left = Promise.withResolvers<void>();
  await using pacs = await fakePacs(({ url }, response) => {
    if (listed(url, response, numbers)) return;
    const single = /instances\/1\.2\.3\.4\.(\d+)$/.exec(url)?.[1];
    response.setHeader("content-type", "multipart/related; boundary=boundary");
    // As Orthanc does behind every answer.
    response.setHeader("connection", "close");
    if (single === undefined) response.once("close", () => left.resolve());
    response.end(multipart((single === undefined ? numbers : [Number(single)]).map(large)));
  });
  let [numCome, numTaken, mostHeld] = [0, 0, 0];
  const { fetch } = globalThis;
  t.mock.method(globalThis, "fetch", async (...request: Parameters<typeof fetch>) => {
    const answer = await fetch(...request);
    const counted = answer.body!.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          numCome += chunk.length;
          mostHeld = Math.max(mostHeld, numCome - numTaken);
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(counted, { status: answer.status, headers: answer.headers });
  });
  const found: number[] = [];
  for await (const { instanceUid, bytes } of clientOf(pacs.url, { maxWaitingBytes }).retrieveSeries(series)) {
    const number = Number(instanceUid.split(".").at(-1));
    assert.deepEqual(Buffer.from(bytes), large(number));
    found.push(number);
    // The first is being written for so long that the archive has sent all that it can.
    await left.promise;
    numTaken += bytes.length;
  }
  assert.deepEqual(found, numbers);
  const singles = pacs.requests.map(({ url }) => url).filter((url) => url.includes("/instances/"));
  assert.ok(singles.length < numInstances - 3, "what came before the bound is not asked for again");
  assert.deepEqual(
    singles,
    numbers.slice(numInstances - singles.length).map((number) => `${seriesPath}/instances/${uid(number)}`),
  );
  // An instance that is being put together, and one that is written.
  const bound = maxWaitingBytes + 2 * (padding + 2 ** 16);
  assert.ok(mostHeld <= bound, `${mostHeld} bytes were held, at most ${bound} may be`);
});

test("instances that the archive cannot give are told one by one; one that falls silent again and again is given up", async () => {
  let isSilent = false;
  await using pacs = await fakePacs(({ url }, response) => {
    if (listed(url, response, [1, 2, 3, 4, 5])) return;
    if (isSilent && !url.endsWith(seriesPath)) response.destroy();
    else {
      response.statusCode = 500;
      response.end();
    }
  });
  const client = clientOf(pacs.url, { attempts: 1 });
  const missing: string[] = [];
  const onMissing = (instanceUid: string) => missing.push(instanceUid);
  assert.deepEqual(await Array.fromAsync(client.retrieveSeries(series, { onMissing })), []);
  assert.deepEqual(missing, [1, 2, 3, 4, 5].map(uid));

  isSilent = true;
  missing.length = 0;
  const given = Array.fromAsync(client.retrieveSeries(series, { onMissing }));
  await assert.rejects(given, {
    code: "ERR_PACS_BROKEN_OFF",
    message: /4\.3: the connection broke off .*; tried once$/,
  });
  assert.deepEqual(missing, [uid(1), uid(2)]);
});

test("what is known is not asked for again", async () => {
  await using pacs = await fakePacs(({ url }, response) => {
    if (!listed(url, response, [1, 2, 3])) sendInstances(response, [3]);
  });
  assert.deepEqual(await numbersOf(clientOf(pacs.url), new Set([uid(1), uid(2)])), [3]);
  assert.deepEqual(await numbersOf(clientOf(pacs.url), new Set([uid(1), uid(2), uid(3)])), []);
  assert.equal(pacs.requests.filter(({ url }) => !url.includes("?")).length, 1);
});

test("the address of an instance may answer with the file itself", async () => {
  await using pacs = await fakePacs((_, response) => {
    response.setHeader("content-type", "application/dicom");
    response.end(instance(1));
  });
  assert.deepEqual(await clientOf(pacs.url).retrieveInstance(series, uid(1)), instance(1));
});

test("busy: tried again when the archive says, and reported with the number of tries", async () => {
  const notes: RunEvent[] = [];
  const listen = (event: RunEvent) => notes.push(event);
  await using pacs = await fakePacs(({ url }, response, numBefore) => {
    response.statusCode = url.startsWith("/studies/9") || numBefore === 0 ? 503 : 200;
    response.setHeader("retry-after", url.startsWith("/studies/8") ? "3600" : "0");
    response.end(response.statusCode === 200 ? "[]" : "being restarted");
  });
  const client = clientOf(pacs.url, { listen });
  assert.deepEqual(await Array.fromAsync(client.findSeries(studyUid)), []);
  assert.match(JSON.stringify(notes), /"warning".*503 \(being restarted\).*try 2 of 3 in 0\.0 s/);
  await assert.rejects(Array.fromAsync(client.findSeries("9")), {
    code: "ERR_PACS_BUSY",
    message: new RegExp(`^GET ${pacs.url}/studies/9/series: the archive answered 503 .*; tried 3 times in 0 s$`),
  });
  await assert.rejects(Array.fromAsync(client.findSeries("8")), { code: "ERR_PACS_BUSY", hint: /3600 s/ });
});

test("refused: tried again, then reported", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(Array.fromAsync(clientOf(`http://127.0.0.1:${port}`).findStudies({ PatientID: "P1" })), {
    code: "ERR_PACS_UNREACHABLE",
    message: `GET http://127.0.0.1:${port}/studies: the archive cannot be reached (ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:${port}); tried 3 times in 0 s`,
    hint: /Is it running/,
  });
});

test("an archive that does not answer, or stops in the middle", async () => {
  await using pacs = await fakePacs(({ url }, response) => {
    if (!url.includes("/metadata")) return;
    response.write("[");
  });
  const client = clientOf(pacs.url, { answerTimeoutMs: 50, idleTimeoutMs: 50, attempts: 2 });
  await assert.rejects(Array.fromAsync(client.findStudies({})), {
    code: "ERR_PACS_TIMEOUT",
    message: /no answer.*2 times/,
  });
  const stopped = { code: "ERR_PACS_TIMEOUT", message: /nothing more of the answer came.*2 times/ };
  await assert.rejects(client.metadata(series), stopped);
});

test("a login that is wanted or not accepted, an address that leads elsewhere, a page in place of an answer", async () => {
  await using pacs = await fakePacs(({ url, headers }, response) => {
    if (url.startsWith("/studies/1/")) response.writeHead(302, { location: "https://login.example.org/?token=s3cret" });
    else if (url.startsWith("/studies/2/")) response.writeHead(200, { "content-type": "text/html" });
    else if (headers.authorization !== "Bearer right") response.writeHead(401);
    response.end(url.startsWith("/studies/2/") ? "<html>" : "");
  });
  const search = (study: string, token?: string) =>
    Array.fromAsync(
      clientOf(pacs.url, token === undefined ? {} : { authorization: () => `Bearer ${token}` }).findSeries(study),
    );
  await assert.rejects(search("3"), {
    code: "ERR_PACS_AUTH",
    message: /401: it wants a login$/,
    hint: /--pacs-token-file/,
  });
  await assert.rejects(search("3", "wrong"), { code: "ERR_PACS_AUTH", message: /this login is not accepted$/ });
  assert.deepEqual(await search("3", "right"), []);
  await assert.rejects(search("1"), { code: "ERR_PACS_ANSWER", hint: /points to https:\/\/login\.example\.org\/\.$/ });
  await assert.rejects(search("2"), {
    code: "ERR_PACS_ANSWER",
    message: /expected application\/dicom\+json, got "text\/html"/,
  });
  assert.equal(pacs.requests.length, 5, "none of these is tried again");
});

test("a signal stops at once, in a pause as well", async () => {
  await using pacs = await fakePacs((_, response) => {
    response.statusCode = 503;
    response.end();
  });
  const client = clientOf(pacs.url, { firstPauseMs: 60_000, attempts: 9 });
  const signal = AbortSignal.timeout(50);
  await assert.rejects(Array.fromAsync(client.findStudies({}, { signal })), { name: "TimeoutError" });
});

test("files are stored: one answer for each, with the archive's reason", async () => {
  const sequence = (numbers: readonly number[], reason?: [string, number]) => ({
    vr: "SQ",
    Value: numbers.map((number) => ({
      "00081155": { vr: "UI", Value: [uid(number)] },
      ...(reason === undefined ? {} : { [reason[0]]: { vr: "US", Value: [reason[1]] } }),
    })),
  });
  await using pacs = await fakePacs((_, response, numBefore) => {
    response.statusCode = [202, 409, 200, 503][numBefore] ?? 200;
    const failed = sequence([2], ["00081197", 0xa700]);
    const lists = [
      {
        "00081198": failed,
        "00081199": { vr: "SQ", Value: [...sequence([1]).Value, ...sequence([3], ["00081196", 0xb000]).Value] },
      },
      { "00081198": sequence([1], ["00081197", 0x0111]) },
    ][numBefore];
    response.end(lists === undefined ? "" : JSON.stringify(lists));
  });
  const client = clientOf(pacs.url, { authorization: () => "Bearer right" });
  assert.deepEqual(await client.store([1, 2, 3, 4].map(instance)), [
    { instanceUid: uid(1), isStored: true },
    { instanceUid: uid(2), isStored: false, reason: "out of resources: its disk may be full (0xA700)" },
    { instanceUid: uid(3), isStored: true, reason: "it changed some values (0xB000)" },
    { instanceUid: uid(4), isStored: false, reason: "the archive's answer does not mention it" },
  ]);
  assert.deepEqual(await client.store([instance(1)]), [
    { instanceUid: uid(1), isStored: true, reason: "it was there already" },
  ]);
  assert.deepEqual(await client.store([instance(1)]), [{ instanceUid: uid(1), isStored: true }]);
  // 503, then again.
  assert.deepEqual(await client.store([instance(1)]), [{ instanceUid: uid(1), isStored: true }]);
  const { headers, body } = pacs.requests[0]!;
  assert.match(headers["content-type"] ?? "", /^multipart\/related; type="application\/dicom"; boundary=medssl-/);
  assert.equal(headers.authorization, "Bearer right");
  assert.equal(body.indexOf(Buffer.from(instance(4))), body.lastIndexOf(Buffer.from(instance(4))));
  assert.ok([1, 2, 3, 4].every((number) => body.includes(Buffer.from(instance(number)))));
});

test("a study into a folder: whole files only, the rest of it in a second run, what is broken is told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medssl-fetch-"));
  let isMended = false;
  await using pacs = await fakePacs(({ url }, response) => {
    if (listed(url, response, [1, 2, 3])) return;
    if (url.startsWith(`/studies/${studyUid}/series?`)) {
      const found = [
        ["1.2.3.4", "CT"],
        ["1.2.3.5", "SR"],
      ].map(([one, modality]) => ({ "0020000E": { Value: [one] }, "00080060": { Value: [modality] } }));
      response.end(url.includes("offset=0") ? JSON.stringify(found) : "[]");
    } else if (url.startsWith("/studies/7/")) response.end("[]");
    else if (url === seriesPath) sendInstances(response, [1]);
    else if (url.endsWith(uid(2)) && !isMended) {
      response.statusCode = 500;
      response.end('{"Details": "the file is damaged"}');
    } else sendInstances(response, [Number(url.at(-1))]);
  });
  const client = clientOf(pacs.url);
  const place = join(folder, studyUid, series.seriesUid);
  const first = await fetchStudy(client, { studyUid }, folder);
  assert.deepEqual(
    first.files,
    [1, 3].map((number) => join(place, `${uid(number)}.dcm`)),
  );
  assert.deepEqual([first.numFetched, first.leftOut.map(({ modality }) => modality)], [2, ["SR"]]);
  assert.match(JSON.stringify(first.failures), /1\.2\.3\.4\.2.*500 \(the file is damaged\)/);
  assert.deepEqual(new Uint8Array(readFileSync(first.files[0]!)), instance(1));
  assert.equal(statSync(first.files[0]!).mode & 0o077, 0, "nobody else may read it");

  isMended = true;
  const second = await fetchStudy(client, { studyUid, seriesUids: [series.seriesUid] }, folder);
  assert.deepEqual([second.files.length, second.numFetched, second.failures], [3, 1, []]);
  assert.deepEqual(
    readdirSync(place).sort(),
    [1, 2, 3].map((number) => `${uid(number)}.dcm`),
  );
  assert.equal((await fetchStudy(client, { studyUid }, folder)).numFetched, 0);

  await assert.rejects(fetchStudy(client, { studyUid: "7" }, folder), {
    code: "ERR_PACS_NOT_FOUND",
    message: /no study 7/,
  });
  const other = fetchStudy(client, { studyUid, seriesUids: ["1.9"] }, folder);
  await assert.rejects(other, { code: "ERR_PACS_NOT_FOUND", message: /no series 1\.9 in study/ });
  assert.ok(!existsSync(join(folder, "7")));
  rmSync(folder, { recursive: true });
});
