import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const main = join(import.meta.dirname, "..", "main.ts");
const root = mkdtempSync(join(tmpdir(), "medssl-cli-inspect-"));
test.after(() => rmSync(root, { recursive: true }));

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", cwd: root });
  return { status, stdout, stderr };
}

test.before(() => {
  medssl("phantom", "--task", "liver", "--cases", "8", "--size", "64", "--out", "scans");
  assert.equal(medssl("ingest", "scans", "--store", "store", "--labels", "liver,tumor").status, 0);
});

test("findings first, then what is in the store", () => {
  const { status, stdout } = medssl("inspect", "store");
  assert.equal(status, 0);
  assert.match(stdout, /^note {4}No split was checked/);
  assert.match(stdout, /\nok {6}No picture is there twice\.\n/);
  assert.match(stdout, /\nsource +data set +patients +images/);
  assert.match(stdout, /\nscans +[^\n]+ 8 +\d+/);
  assert.match(stdout, /\nscans +liver +8 +8/);
});

test("a split is made, taken and checked; a leaking one fails with --strict only", () => {
  const made = medssl(
    "split",
    "--store",
    "store",
    "--out",
    "split.json",
    "--test",
    "0.25",
    "--fractions",
    "50,100",
    "--draws",
    "2",
  );
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /^source +by +train +validation +test\n/);
  assert.match(made.stdout, /\nscans +seeded +6 +0 +2\n/);
  assert.match(made.stdout, /\nliver +6 +0 +2\n/);
  assert.match(made.stdout, /\ntraining patients drawn {2}50%: 3 \(2 draws\), 100%: 6\n/);
  const split = JSON.parse(readFileSync(join(root, "split.json"), "utf8"));
  assert.equal(split.version, 2);
  assert.deepEqual(
    split.draws.map(({ patients }: { patients: string[] }) => patients.length),
    [3, 3, 6],
  );
  assert.match(
    medssl("inspect", "store", "--split", "split.json").stdout,
    /^ok {6}No patient is on two sides of the split\.\n/,
  );

  writeFileSync(join(root, "leak.json"), JSON.stringify({ ...split, test: [...split.test, split.train[0]] }));
  const leaking = medssl("inspect", "store", "--split", "leak.json", "--quick");
  assert.equal(leaking.status, 0);
  assert.match(leaking.stdout, /^error {3}1 patient is on two sides of the split\./);
  assert.equal(medssl("inspect", "store", "--split", "leak.json", "--quick", "--strict").status, 1);
  assert.equal(medssl("inspect", "store", "--split", "split.json", "--quick", "--strict").status, 0);
});

test("--json prints one object and nothing else", () => {
  const { stdout } = medssl("inspect", "store", "--json");
  const { version, totals, findings, nearDuplicates } = JSON.parse(stdout);
  assert.deepEqual([version, totals.patients, nearDuplicates.count], [1, 8, 0]);
  assert.ok(findings.every(({ severity }: { severity: string }) => ["note", "ok"].includes(severity)));
  const { patients, draws, train } = JSON.parse(
    medssl("split", "--store", "store", "--out", "s.json", "--json").stdout,
  );
  assert.deepEqual([patients.train + patients.test, draws.length, train], [8, 10, undefined]);
});

test("--html writes a page and says what it holds", () => {
  const { status, stdout } = medssl("inspect", "store", "--html", "page.html");
  assert.equal(status, 0);
  assert.match(stdout, /page\.html: it holds pictures of the images/);
  const page = readFileSync(join(root, "page.html"), "utf8");
  assert.match(page, /<h1>store<\/h1>/);
  assert.ok(!page.includes(root));
});

test("what the user can mend: no store, no split, shares that leave nobody", () => {
  assert.match(medssl("inspect", "nowhere").stderr, /nowhere: expected a store/);
  assert.equal(medssl("inspect", "nowhere").status, 1);
  assert.match(medssl("inspect", "store", "--split", "none.json").stderr, /none\.json: not a split/);
  assert.match(
    medssl("split", "--store", "store", "--out", "x.json", "--validation", "0.9").stderr,
    /leave patients to train with/,
  );
  const official = medssl("split", "--store", "store", "--out", "x.json", "--source", "official");
  assert.match(official.stderr, /source "scans": it has no official split/);
});

test("images of unknown patients that look related are refused, unless told so", () => {
  medssl("phantom", "--task", "lungs", "--cases", "6", "--size", "64", "--out", "films");
  rmSync(join(root, "films", "cases.csv"));
  for (const kind of ["images", "masks"]) {
    for (const [i, name] of readdirSync(join(root, "films", kind))
      .sort()
      .entries()) {
      const visit = `film${Math.floor(i / 2) + 1}_${(i % 2) + 1}.png`;
      renameSync(join(root, "films", kind, name), join(root, "films", kind, visit));
    }
  }
  assert.equal(medssl("ingest", "films", "--store", "unknown", "--labels", "lungs").status, 0);
  const refused = medssl("split", "--store", "unknown", "--out", "u.json");
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /nobody says whose the 6 images of films are, and they look related: 6 of 6 file names/);
  assert.match(refused.stderr, /--patient-pattern.*--assume-independent/);
  assert.equal(medssl("split", "--store", "unknown", "--out", "u.json", "--assume-independent").status, 0);
});
