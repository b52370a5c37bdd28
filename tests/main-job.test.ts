/**
 * The main job as a user does it: every command of `medssl`, in processes of their own, on phantoms, with the smallest
 * settings that work. And what they say when it goes wrong.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "medssl-main-job-"));
const at = (...path: string[]) => join(dir, ...path);

const tiny = (stage: string) =>
  ["inputSize=64", "encoder.embedDim=32", "encoder.depth=2", "encoder.numHeads=2", "batchSize=8", "steps=4"].flatMap(
    (setting) => ["--set", stage + setting],
  );
const decoder = (stage: string) => ["--set", `${stage}decoder.embedDim=16`, "--set", `${stage}decoder.numHeads=2`];

// One thread each: the test runner runs other files beside this one.
const single = ["--threads", "1"];
const computes = (command = "") =>
  ["pretrain", "finetune", "evaluate", "predict", "regions", "study"].includes(command);

function medssl(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, ...args, ...(computes(args[0]) ? single : [])],
    {
      encoding: "utf8",
      cwd: dir,
    },
  );
  return { status, stdout, stderr };
}

/** The JSON that a command that must succeed prints. */
function json(...args: string[]) {
  const { status, stdout, stderr } = medssl(...args, "--json");
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** What a command that must fail says: one message, no stack trace. */
function failure(...args: string[]): string {
  const { status, stderr } = medssl(...args);
  assert.equal(status, 1, stderr);
  assert.doesNotMatch(stderr, /^\s+at /m, "no stack trace");
  return stderr;
}

test("phantoms become a store, a pre-trained encoder, a network, its scores and masks of new images", () => {
  json("phantom", "--task", "lungs", "--cases", "12", "--seed", "1", "--size", "96", "--out", at("phantoms"));
  const ingested = json("ingest", at("phantoms"), "--store", at("store"), "--labels", "lungs", "--size", "96");
  assert.equal(ingested.stored, 12);
  const pretrained = json(
    "pretrain",
    "--store",
    at("store"),
    at("store"),
    "--out",
    at("encoder"),
    ...tiny(""),
    ...decoder(""),
  );
  assert.equal(pretrained.isComplete, true);
  assert.equal(pretrained.images, 12, "a store that is named twice is one store");
  assert.ok(existsSync(at("encoder", "reconstructions.png")));
  const film = at("phantoms", "images", readdirSync(at("phantoms", "images"))[0]!);
  const places = ["regions", "--encoder", at("encoder"), "--image", film, "--point", "50%,50%"];
  const found = json(...places, "--store", at("store"), "--count", "2", "--out", at("places"));
  assert.equal(found.results.length, 2);
  for (const name of ["regions.png", "query.png", "result-01.png", "regions.json"]) {
    assert.ok(existsSync(at("places", name)), name);
  }
  assert.match(failure("regions", ...places.slice(1, 6), "5000,3", "--store", at("store"), "--out", at("no")), /5000/);
  const tuned = json(
    "finetune",
    "--store",
    at("store"),
    "--encoder",
    at("encoder"),
    "--labels",
    "50%",
    "--out",
    at("model"),
    ...tiny(""),
  );
  assert.equal(tuned.patients.length, 5);
  const scores = json("evaluate", "--model", at("model"), "--store", at("store"));
  assert.equal(scores.cases.length, 2);
  assert.equal(scores.classes[0].label, "lungs");
  const image = readdirSync(at("phantoms", "images"))[0]!;
  mkdirSync(at("new"));
  writeFileSync(at("new", "a.png"), readFileSync(at("phantoms", "images", image)));
  writeFileSync(at("new", "broken.png"), "no image");
  const predicted = json("predict", at("new"), "--model", at("model"), "--out", at("predictions"));
  assert.equal(predicted.predictions.length, 1);
  assert.match(predicted.skipped[0].file, /broken\.png/);
  assert.ok(existsSync(at("predictions", "masks", "a.png")) && existsSync(at("predictions", "overlays", "a.png")));
  assert.match(
    readFileSync(at("predictions", "predictions.csv"), "utf8"),
    /^file,name,mask,overlay,lungs share,warnings,skipped\r\n/,
  );
  const masks = at("phantoms", "masks");
  const same = json("evaluate", masks, masks, "--labels", "lungs=255", "--spacing", "0.5", "--csv", at("scores.csv"));
  assert.deepEqual(
    [same.cases.length, same.dice, same.classes[0].hd95Mm, same.classes[0].clDice, same.problems.length],
    [12, 1, 0, 1, 0],
  );
  assert.equal(readFileSync(at("scores.csv"), "utf8").trim().split("\r\n").length, 13);
});

test("a study ends in a table and a report", () => {
  const settings = [...tiny("pretrain."), ...decoder("pretrain."), ...tiny("finetune.")];
  const { status, stdout, stderr } = medssl(
    ...["study", "--store", at("store"), "--out", at("study"), "--fractions", "20", "--draws", "1"],
    ...["--arms", "unet,mim+acl@vit", ...settings],
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /U-Net\s+\d/);
  assert.match(stdout, /Report: .*index\.html/);
  assert.match(readFileSync(at("study", "summary.csv"), "utf8"), /mim\+acl@vit/);
});

test("Ctrl-C leaves a checkpoint, and --resume goes on from it", async () => {
  const args = [
    "pretrain",
    "--store",
    at("store"),
    "--out",
    at("interrupted"),
    ...tiny(""),
    ...decoder(""),
    "--set",
    "steps=2000",
    ...single,
  ];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const metrics = at("interrupted", "metrics.jsonl");
  while (!existsSync(metrics) || readFileSync(metrics, "utf8").split("\n").length < 4)
    await new Promise((done) => setTimeout(done, 50));
  child.kill("SIGINT");
  const code = await new Promise((done) => child.on("exit", done));
  assert.equal(code, 130);
  assert.ok(existsSync(at("interrupted", "checkpoint.safetensors")));
  const steps = readFileSync(metrics, "utf8").trim().split("\n").length;
  assert.match(failure(...args), /already holds a run.*\n.*--resume/);
  assert.match(
    failure(...args, "--resume", "--set", "maskRatio=0.6"),
    /other settings.*\n.*maskRatio was 0.75 and is 0.6/,
  );
  const resumed = spawn(process.execPath, [main, ...args, "--resume"], { stdio: ["ignore", "ignore", "pipe"] });
  while (readFileSync(metrics, "utf8").split("\n").length <= steps + 1)
    await new Promise((done) => setTimeout(done, 50));
  resumed.kill("SIGTERM");
  assert.equal(await new Promise((done) => resumed.on("exit", done)), 130);
  assert.equal(JSON.parse(readFileSync(metrics, "utf8").split("\n")[steps]!).step, steps + 1);
});

test("a user's mistake gets one message with what to do", () => {
  assert.match(
    failure("pretrain", "--store", at("nowhere"), "--out", at("x")),
    /nowhere.*no store\.json\n.*medssl ingest/,
  );
  assert.match(
    failure("pretrain", "--store", at("store"), "--out", at("x"), "--set", "steps=none"),
    /steps: .*expected number/,
  );
  assert.match(
    failure("pretrain", "--store", at("store"), "--out", at("x"), "--set", "encoder.patchSize=7"),
    /multiple of its patch size/,
  );
  assert.match(
    failure("pretrain", "--store", at("store"), "--out", at("x"), "--recipe", "huge"),
    /Unknown pretrain recipe "huge"/,
  );
  assert.match(
    failure("pretrain", "--store", at("store"), "--out", at("x"), "--device", "tpu"),
    /Unknown device "tpu"/,
  );
  assert.match(failure("pretrain", "--store", at("store"), "--out", at("x"), "--colour"), /unknown option '--colour'/);
  assert.match(
    failure("finetune", "--store", at("store"), "--encoder", at("model"), "--out", at("y")),
    /expected a pretrain run, this is a finetune run/,
  );
  assert.match(failure("evaluate", "--model", at("encoder")), /expected a model with a store, or two folders of masks/);
  assert.match(failure("evaluate", at("phantoms"), at("nowhere")), /nowhere: no such file or folder/);
  assert.match(failure("evaluate", "--model", at("encoder"), "--store", at("store")), /expected a finetune run/);
  assert.match(
    failure("predict", at("nothing.png"), "--model", at("model"), "--out", at("z")),
    /nothing\.png: no such file/,
  );
  assert.match(
    failure("study", "--store", at("store"), "--out", at("w"), "--arms", "unet,magic"),
    /Unknown arm "magic"/,
  );
  assert.match(
    failure("study", "--store", at("store"), "--out", at("w"), "--set", "steps=3"),
    /--set expects pretrain\.field=value/,
  );
  mkdirSync(at("empty"));
  assert.match(failure("ingest", at("empty"), "--store", at("v")), /found no images/);
});

test("values that no option takes, and files where folders are needed, get one message too", () => {
  const tune = ["finetune", "--store", at("store"), "--encoder", "none", "--out", at("t"), ...tiny("")];
  assert.match(failure(...tune, "--labels", "0%"), /'--labels <percent>' argument '0%' is invalid.*above 0/);
  const study = ["study", "--store", at("store"), "--out", at("t")];
  assert.match(failure(...study, "--draws", "0"), /whole number from 1/);
  assert.match(failure(...study, "--fractions", ","), /'--fractions <list>' argument ',' is invalid/);
  writeFileSync(at("file"), "");
  const folderNeeded = /file.*: a file stands where a folder is needed/;
  assert.match(failure(...tune, "--out", at("file")), folderNeeded);
  assert.match(failure("study", "--store", at("store"), "--out", at("file")), folderNeeded);
  assert.match(failure("predict", at("new"), "--model", at("model"), "--out", at("file")), folderNeeded);
});

test("a damaged run, split or catalog is named, whichever command reads it", () => {
  const damaged = (...path: string[]) => {
    cpSync(at(path[0]!), at("damaged"), { recursive: true, force: true });
    writeFileSync(at("damaged", ...path.slice(1)), "null");
  };
  damaged("encoder", "run.json");
  assert.match(
    failure("finetune", "--store", at("store"), "--encoder", at("damaged"), "--out", at("t"), ...tiny("")),
    /its run\.json is damaged/,
  );
  damaged("store", "split.json");
  assert.match(
    failure("finetune", "--store", at("damaged"), "--encoder", "none", "--out", at("t"), ...tiny("")),
    /not a split that can be used.*\n.*Delete the file/,
  );
  damaged("store", "catalog.sqlite");
  assert.match(failure("ingest", at("phantoms"), "--store", at("damaged")), /catalog\.sqlite is damaged.*\n.*ingest/);
});

test("images without masks can be pre-trained on, but not fine-tuned", () => {
  json("ingest", at("phantoms", "images"), "--store", at("images-only"), "--size", "96");
  assert.match(
    failure("finetune", "--store", at("images-only"), "--encoder", "none", "--out", at("u")),
    /needs 2 patients with masks, found 0/,
  );
});

test("a network is refused where the labels are others", () => {
  json("ingest", at("phantoms"), "--store", at("renamed"), "--labels", "thorax", "--size", "96");
  assert.match(
    failure("evaluate", "--model", at("model"), "--store", at("renamed"), "--on", "all"),
    /trained for the labels 1 lungs; the store has 1 thorax/,
  );
});
