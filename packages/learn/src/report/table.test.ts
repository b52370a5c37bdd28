import assert from "node:assert/strict";
import { test } from "node:test";
import { syntheticStudy } from "./synthetic-study.ts";
import { studyTable } from "./table.ts";

test("arms by fractions, mean and range, the highest marked", () => {
  const study = syntheticStudy({ fractions: [10, 100], arms: ["unet", "scratch", "mim+acl"] });
  assert.deepEqual(studyTable(study).split("\n"), [
    "Test Dice in %, mean and range over the draws; % of labels (images)",
    "",
    "          10% (57)           100% (563)",
    "U-Net      94.1  94.0\u201394.1    95.2*",
    "Scratch    92.7  92.3\u201393.1    93.3",
    "MIM+ACL    94.4* 94.4\u201394.5    94.8",
    "",
    "* highest mean at this fraction",
  ]);
});

test("means that print alike are both marked, and a cell that is missing is a dash", () => {
  const study = syntheticStudy({
    fractions: [5],
    arms: ["mim", "mim+acl", "mim+acl@hybrid"],
    isFinished: (cell) => cell.arm !== "mim",
  });
  const lines = studyTable(study).split("\n");
  assert.equal(lines[3], "MIM               -");
  assert.match(lines[4] ?? "", /94\.3\* 94\.2/); // 94.285
  assert.match(lines[5] ?? "", /94\.3\* 94\.3/); // 94.35 is 94.3499... in binary
});
