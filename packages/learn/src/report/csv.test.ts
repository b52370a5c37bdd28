import assert from "node:assert/strict";
import { test } from "node:test";
import { casesCsv, cellsCsv, summaryCsv } from "./csv.ts";
import { syntheticStudy } from "./synthetic-study.ts";

test("cells: a row a model, classes in columns", () => {
  const study = syntheticStudy({ arms: ["unet"], fractions: [1], labels: ["lungs", "heart"] });
  const [header, first, second, end, ...rest] = cellsCsv(study).split("\r\n");
  assert.equal(
    header,
    "arm,fraction_percent,draw,labeled_patients,labeled_images,steps,seconds,dice,iou," +
      "dice_lungs,iou_lungs,dice_heart,iou_heart,run",
  );
  // Mean 91.5, classes 94.5 and 88.5; IoU = dice / (2 - dice).
  assert.match(
    first ?? "",
    /^unet,1,0,6,6,200,[\d.]+,0\.915,0\.843318,0\.945,0\.895735,0\.885,0\.793722,runs\/unet-1-0$/,
  );
  assert.match(second ?? "", /^unet,1,1,/);
  assert.equal(end, "");
  assert.deepEqual(rest, []);
});

test("cases: a row a test case of every model", () => {
  const rows = casesCsv(syntheticStudy({ arms: ["unet", "mim"], fractions: [1], draws: 1 }))
    .trimEnd()
    .split("\r\n");
  assert.equal(rows.length, 1 + 2 * 24);
  assert.equal(rows[0], "arm,fraction_percent,draw,case,patient,dice,iou,dice_lungs,iou_lungs");
  assert.match(rows[1] ?? "", /^unet,1,0,lungs\/case-1,T01,0\.8\d+,/);
});

test("summary: a row an arm, fraction and class", () => {
  const rows = summaryCsv(syntheticStudy({ arms: ["scratch"], fractions: [1], draws: 3 }))
    .trimEnd()
    .split("\r\n");
  assert.deepEqual(rows, [
    "arm,fraction_percent,class,draws,dice_mean,dice_min,dice_max,iou_mean,iou_min,iou_max",
    "scratch,1,mean,3,0.899967,0.8922,0.9067,0.81818,0.80538,0.829324",
    "scratch,1,lungs,3,0.899967,0.8922,0.9067,0.81818,0.80538,0.829324",
  ]);
});

test("commas, quotes and line ends are quoted", () => {
  const study = syntheticStudy({ arms: ["unet"], fractions: [1], draws: 1, labels: ['left "lung", whole'] });
  const [cell] = study.cells;
  const csv = cellsCsv({ ...study, cells: [{ ...cell!, run: "runs/a\nb" }] });
  assert.match(csv, /,"dice_left ""lung"", whole","iou_left ""lung"", whole",run\r\n/);
  assert.match(csv, /,"runs\/a\nb"\r\n$/);
});

test("a class that a case does not have is an empty field", () => {
  const study = syntheticStudy({ arms: ["unet"], fractions: [1], draws: 1, labels: ["liver", "tumor"] });
  const [cell] = study.cells;
  const [first] = cell!.scores.cases;
  const cases = [{ ...first!, classes: first!.classes.slice(0, 1) }];
  const csv = casesCsv({ ...study, cells: [{ ...cell!, scores: { ...cell!.scores, cases } }] });
  assert.match(csv.split("\r\n")[1] ?? "", /,,$/);
});
