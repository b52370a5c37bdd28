import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sampleImage, writeFiles, writePairs } from "../sample-folder.ts";
import { splitStores } from "../splits/split-stores.ts";
import { openStore } from "../store/store.ts";
import { ingest } from "./ingest.ts";

const root = mkdtempSync(join(tmpdir(), "medssl-privacy-"));
test.after(() => rmSync(root, { recursive: true }));

/** All bytes of the store that are handed on with it. */
function publicBytes(dir: string): string {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("private"));
  return files.map((name) => readFileSync(join(dir, name), { encoding: "latin1", flag: "r" })).join("\n");
}

test("no identifier and no name of a file is outside of private/", async () => {
  const source = join(root, "scans");
  await writeFiles(source, {
    "cases.csv": "image,patient\nDOE_JANE/left.png,Jane Doe 1970-01-02\nDOE_JANE/right.png,Jane Doe 1970-01-02\n",
    "DOE_JANE/left.png": sampleImage(1),
    "DOE_JANE/right.png": sampleImage(2),
  });
  const store = join(root, "store");
  await ingest([source], { store }, () => {});
  for (const name of readdirSync(store))
    if (name === "images" || name === "masks") rmSync(join(store, name), { recursive: true });
  const bytes = publicBytes(store);
  for (const secret of ["DOE", "Jane", "1970", "left", "right", root]) assert.ok(!bytes.includes(secret), secret);
  const [first, second] = openStore(store).cases;
  assert.equal(first!.patient, second!.patient);
  assert.match(first!.id, /^scans\/[0-9a-f]{20}$/);
});

test("nothing that a DICOM header says of a person is in the store, private/ included", async () => {
  const source = join(root, "pacs");
  const fixtures = join(import.meta.dirname, "../../../imaging/src/dicom/fixtures-volumes");
  for (const name of ["explicit", "implicit", "deflated"]) {
    await writeFiles(source, { [`${name}.dcm`]: readFileSync(join(fixtures, `planted-${name}.dcm`)) });
  }
  const store = join(root, "pacs-store");
  const { stored } = await ingest([source], { store }, () => {});
  assert.equal(stored, 3);
  const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
  // What make-planted.py has put into every attribute that identifies.
  for (const secret of ["Zxqv", "8765432", "19870605", "1.2.276.0.8765"]) assert.ok(!bytes.includes(secret), secret);
  assert.equal(openStore(store).info.sources[0]?.arePatientsKnown, true);
});

test("one salt gives one patient the same hash in two stores, another salt another one", async () => {
  const source = join(root, "again");
  await writeFiles(source, { "cases.csv": "image,patient\na.png,p1\n", "a.png": sampleImage(3) });
  const patientIn = async (store: string, saltFile?: string) => {
    await ingest(
      [source],
      { store: join(root, store), ...(saltFile ? { saltFile: join(root, saltFile) } : {}) },
      () => {},
    );
    const { cases, info } = openStore(join(root, store));
    return `${cases[0]!.patient} ${info.salt}`;
  };
  const shared = await patientIn("one", "salt");
  assert.equal(await patientIn("two", "salt"), shared);
  const own = await patientIn("three");
  assert.notEqual(own.split(" ")[0], shared.split(" ")[0]);
  assert.notEqual(own.split(" ")[1], shared.split(" ")[1]);
  await assert.rejects(patientIn("one"), { code: "ERR_SALT_OTHER", message: /made with another salt/ });
});

test("the same images give the same split, whatever the salt", async () => {
  const source = join(root, "split");
  await writePairs(source, 12);
  const testFiles = async (name: string) => {
    const dir = join(root, name);
    await ingest([source], { store: dir, patientPattern: /a(\d+)/ }, () => {});
    const store = openStore(dir);
    const { test: held, draws } = splitStores([store], { seed: 4, testFraction: 0.25 });
    const filesOf = (patients: readonly string[]) =>
      store.cases.filter(({ patient }) => patients.includes(patient)).map((one) => store.fileOf(one));
    return { salt: store.info.salt, held: filesOf(held), draws: draws.map(({ patients }) => filesOf(patients)) };
  };
  const [one, two] = [await testFiles("split one"), await testFiles("split two")];
  assert.notEqual(one.salt, two.salt);
  assert.deepEqual([two.held, two.draws], [one.held, one.draws]);
});
