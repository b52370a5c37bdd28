/**
 * A real picture archive: what our client stores, finds and fetches there, logins and TLS, and `medssl ingest` from it.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { basicAuthorization, DicomwebClient, fetchStudy, jsonNumber, parseDicom } from "@medssl/imaging";
import { orthancIsMissing, startOrthanc } from "./orthanc.ts";
import { ctSeries, ctSlices, ctStudy, dxFilm, dxStudy, sampleInstance } from "./sample-instances.ts";

const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
const fixtures = new URL("../packages/imaging/src/dicom/", import.meta.url);
const options = { skip: orthancIsMissing };
const dir = mkdtempSync(join(tmpdir(), "medssl-pacs-"));
test.after(() => rmSync(dir, { recursive: true }));

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(name, fixtures)));
const uidOf = (file: Uint8Array) => parseDicom(file, "a sample").string("00080018")!;

/** In a process of its own, while this one serves TLS. */
async function ingest(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, "ingest", ...args, "--workers", "1"], {
    env: { ...process.env, ...env },
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status, stdout, stderr };
}

test("what is stored in Orthanc is found there and comes back byte for byte", options, async () => {
  const orthanc = await startOrthanc();
  try {
    const client = new DicomwebClient(orthanc.url);
    const slices = ctSlices(5);
    // In implicit VR, deflated and JPEG: recoding would change them.
    const others = ["implicit", "deflated", "jpeg"].map((name) => fixture(`fixtures-volumes/planted-${name}.dcm`));
    const film = dxFilm();
    const stored = await client.store([...slices, film, fixture("fixtures-volumes/binary.dcm")]);
    assert.deepEqual(
      stored.map(({ isStored }) => isStored),
      Array(7).fill(true),
    );

    const studies = await Array.fromAsync(client.findStudies({ ModalitiesInStudy: "DX" }));
    assert.deepEqual(
      studies.map(({ studyUid, modalities }) => [studyUid, modalities]),
      [[dxStudy, ["DX"]]],
    );
    assert.equal((await Array.fromAsync(client.findStudies({ StudyDate: "20250101-" }))).length, 0);
    const [series] = await Array.fromAsync(client.findSeries(ctStudy));
    assert.equal(series?.seriesUid, ctSeries);
    const rows = (await client.metadata(series)).map((header) => jsonNumber(header, "00280010"));
    assert.deepEqual(rows, [16, 16, 16, 16, 16]);

    const byUid = new Map(slices.map((file) => [uidOf(file), file]));
    for await (const { instanceUid, bytes } of client.retrieveSeries(series)) {
      assert.deepEqual(bytes, byUid.get(instanceUid));
      byUid.delete(instanceUid);
    }
    assert.equal(byUid.size, 0);

    for (const file of others) {
      const [answer] = await client.store([file]);
      assert.deepEqual(answer, { instanceUid: uidOf(file), isStored: true });
      const header = parseDicom(file, "planted");
      const place = { studyUid: header.string("0020000D")!, seriesUid: header.string("0020000E")! };
      const bytes = await client.retrieveInstance(place, uidOf(file));
      const back = parseDicom(bytes, "back");
      assert.equal(back.transferSyntax, header.transferSyntax);
      assert.deepEqual(back.bytes("7FE00010"), header.bytes("7FE00010"));
      assert.deepEqual(back.fragments("7FE00010"), header.fragments("7FE00010"));
    }

    const nameless = fixture("fixtures/jpeg-ls.dcm");
    assert.deepEqual(await client.store([film, nameless]), [
      { instanceUid: uidOf(film), isStored: true },
      { instanceUid: uidOf(nameless), isStored: false, reason: "it cannot be understood (0xC000)" },
    ]);
    await assert.rejects(fetchStudy(client, { studyUid: "1.2.3" }, dir), { code: "ERR_PACS_NOT_FOUND" });
    const astray = new DicomwebClient(orthanc.url.replace("dicom-web", "nowhere"));
    await assert.rejects(Array.fromAsync(astray.findStudies({})), {
      code: "ERR_PACS_NOT_FOUND",
      hint: /path of the DICOMweb/,
    });
  } finally {
    await orthanc.stop();
  }
});

test("ingest takes studies out of Orthanc, once", options, async () => {
  const orthanc = await startOrthanc();
  const store = join(dir, "store");
  const address = orthanc.url.replace("http", "dicomweb");
  try {
    const report = sampleInstance({
      studyUid: ctStudy,
      seriesUid: `${ctStudy}.9`,
      instanceUid: `${ctStudy}.9.1`,
      modality: "SR",
      sopClass: "1.2.840.10008.5.1.4.1.1.88.11",
      patientId: "P1",
      number: 1,
    });
    await new DicomwebClient(orthanc.url).store([...ctSlices(3), dxFilm(), report]);

    const films = await ingest([address, "--pacs-query", "ModalitiesInStudy=DX,StudyDate=20240101-", "--store", store]);
    assert.equal(films.status, 0, films.stderr);
    assert.match(
      films.stdout,
      /dicom-web: 1 studies, 1 files, 1 of them fetched now; in .*store\/private\/pacs\/pacs-[0-9a-f]{8}\n/,
    );
    assert.match(films.stdout, /\n1 files: 1 stored, 0 unchanged/);

    const all = JSON.parse((await ingest([address, "--store", store, "--json"])).stdout);
    const [{ folder, ...fetched }] = all.fetched;
    assert.deepEqual(fetched, {
      address: orthanc.url,
      studies: 2,
      files: 4,
      fetched: 3,
      leftOut: { SR: 1 },
      failures: [],
      isComplete: true,
    });
    assert.deepEqual([all.stored, all.unchanged, all.patients], [3, 1, 2]);
    const slice = join(folder, ctStudy, ctSeries, `${ctSeries}.2.dcm`);
    assert.deepEqual(new Uint8Array(readFileSync(slice)), ctSlices(2)[1]);

    const again = JSON.parse(
      (await ingest([`${address}/studies/${ctStudy}`, "--store", store, "--json", "--delete-download"])).stdout,
    );
    assert.deepEqual([again.fetched[0].fetched, again.stored, again.unchanged], [0, 0, 4]);
    assert.ok(!existsSync(folder));

    const refusals: readonly (readonly [args: string[], message: RegExp])[] = [
      [["--pacs-query", "PatientID=nobody"], /: no study matches/],
      [["--pacs-query", "PatientID"], /Expected KEYWORD=VALUE/],
      [["--shard", "1/2"], /--shard: expected folders/],
    ];
    for (const [args, message] of refusals) {
      const refused = await ingest([address, "--store", join(dir, "refused"), ...args]);
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, message);
    }
    // What was refused after the copying leaves the copies, and nothing else.
    const kept = join(dir, "kept");
    const wrong = await ingest([address, "--store", kept, "--layout", "nothing"]);
    assert.match(wrong.stderr, /--layout: expected/);
    assert.ok(existsSync(join(kept, "private", "pacs")) && !existsSync(join(kept, "catalog.sqlite")));
  } finally {
    await orthanc.stop();
  }
});

test("logins and certificates: the right ones let in, the others are told what is missing", options, async () => {
  const orthanc = await startOrthanc({ users: { reader: "s3cret" }, hasTls: true });
  const address = orthanc.url.replace("https", "dicomweb+https");
  const run = (args: readonly string[], env?: Readonly<Record<string, string>>) =>
    ingest([address, "--store", join(dir, "secure"), ...args], env);
  const trusting = ["--pacs-ca", orthanc.authority];
  const login = { MEDSSL_PACS_USER: "reader", MEDSSL_PACS_PASSWORD: "s3cret" };
  try {
    const untrusted = await run([], login);
    assert.equal(untrusted.status, 1);
    assert.match(untrusted.stderr, /certificate is not trusted \((UNABLE|SELF|DEPTH)\w+: .*\n {2}.*--pacs-ca FILE/);

    const nobody = await run(trusting);
    assert.match(nobody.stderr, /401.*: it wants a login\n {2}.*MEDSSL_PACS_USER/);
    const wrong = await run(trusting, { ...login, MEDSSL_PACS_PASSWORD: "guess-1" });
    assert.match(wrong.stderr, /401.*this login is not accepted/);
    assert.doesNotMatch(wrong.stderr, /guess-1/);

    // Nothing is in there yet: that much the archive says to who may ask.
    assert.match((await run(trusting, login)).stderr, /: no study matches/);
    // Orthanc knows no bearer tokens; the header is the file's content all the same.
    const token = join(dir, "token");
    writeFileSync(token, `${basicAuthorization("reader", "s3cret")}\n`);
    assert.match((await run([...trusting, "--pacs-token-file", token])).stderr, /expected a bearer token/);
    const garbled = join(dir, "garbled.pem");
    writeFileSync(garbled, "no certificate");
    assert.match((await run(["--pacs-ca", garbled], login)).stderr, /expected certificates as PEM \(none in it\)/);
  } finally {
    await orthanc.stop();
  }
});
