import assert from "node:assert/strict";
import { test } from "node:test";
import { jsrt } from "./jsrt.ts";
import { listed, pairs, recognizes, sampleSource } from "./sample-source.ts";

const STRUCTURES = ["heart", "left clavicle", "left lung", "right clavicle", "right lung"];

test("headerless films are inverted; SCR's five structures lie over one another, clavicles on top", async () => {
  const folder = sampleSource(
    "All247images/JPCLN001.IMG",
    "All247images/JPCNN002.IMG",
    ...STRUCTURES.map((name) => `scratch/fold1/masks/${name}/JPCLN001.gif`),
    ...STRUCTURES.map((name) => `scratch/fold2/masks/${name}/JPCNN002.gif`),
  );
  assert.ok(recognizes(jsrt, folder));
  const listing = await listed(jsrt, folder);
  assert.deepEqual(Object.keys(listing.items), ["JPCLN001", "JPCNN002"]);
  const { reading, ...film } = listing.items["JPCLN001"]!;
  assert.equal(reading?.isInverted, true);
  assert.deepEqual(reading?.spacingMm?.slice(1), [0.175, 0.175]);
  assert.deepEqual(film, {
    files: ["All247images/JPCLN001.IMG"],
    masks: ["left lung", "right lung", "heart", "left clavicle", "right clavicle"].map((name, i) => ({
      file: `scratch/fold1/masks/${name}/JPCLN001.gif`,
      fileValue: i + 1,
      hasOwnSize: true,
    })),
    patient: "JPCLN001",
    stratum: "nodule",
  });
  assert.equal(listing.items["JPCNN002"]?.stratum, "no nodule");
  assert.deepEqual(
    jsrt.labels?.map(({ name, fileValue }) => `${fileValue} ${name}`),
    ["1 left lung", "2 right lung", "3 heart", "4 left clavicle", "5 right clavicle"],
  );
  assert.match(listing.notes.join(), /two folds are the halves of a cross-validation/);
});

test("conversions are taken as they are shown, and it is said", async () => {
  const folder = sampleSource(
    "images/JPCLN001.png",
    "masks/left_lung/JPCLN001.png",
    "masks/left-clavicles/JPCLN001.png",
  );
  assert.ok(recognizes(jsrt, folder));
  const listing = await listed(jsrt, folder);
  assert.deepEqual(pairs(listing), ["JPCLN001: masks/left_lung/JPCLN001.png, masks/left-clavicles/JPCLN001.png"]);
  assert.equal(listing.items["JPCLN001"]?.reading, undefined);
  assert.match(listing.notes[0]!, /^1 films are conversions/);
});

test("the images' folder alone; a film that lies there twice comes once", async () => {
  const folder = sampleSource("All247images/JPCLN001.IMG", "Nodule154images/JPCLN001.IMG");
  assert.deepEqual(pairs(await listed(jsrt, `${folder}/All247images`)), ["JPCLN001: "]);
  const { items, notes } = await listed(jsrt, folder);
  assert.deepEqual(items["JPCLN001"]?.files, ["All247images/JPCLN001.IMG"]);
  assert.ok(notes.includes("1 files of a name that is listed already: left out, such as Nodule154images/JPCLN001.IMG"));
});
