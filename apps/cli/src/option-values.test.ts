import assert from "node:assert/strict";
import { test } from "node:test";
import {
  durationSeconds,
  integerFrom,
  list,
  millimetres,
  namedPath,
  percent,
  percentList,
  point,
  seed,
  share,
  shellLine,
  spacing,
} from "./option-values.ts";

test("numbers out of range are refused with what was expected", () => {
  for (const text of ["0", "", "1.5", "-1", "x", "1e3", "11"]) {
    assert.throws(() => integerFrom(1, 10)(text), /Expected a whole number from 1 to 10\./, text);
  }
  for (const text of ["0%", "", "101", "-3", "ten"]) assert.throws(() => percent(text), /above 0 and up to 100/, text);
  for (const text of ["0", "1", "", "x"]) assert.throws(() => share(text), /between 0 and 1/, text);
  assert.throws(() => percentList(","), /percentages/);
  assert.deepEqual([integerFrom(1, 10)("10"), percent("0.5%"), share("0.2"), seed("0")], [10, 0.5, 0.2, 0]);
});

test("what a list names twice is taken once", () => {
  assert.deepEqual(list("unet, mim,unet"), ["unet", "mim"]);
  assert.deepEqual(percentList("10,1,10%"), [10, 1]);
});

test("a command line can be pasted into a shell", () => {
  assert.equal(
    shellLine(["study", "--arms", "mim+acl@vit", "--title", "A + B's"]),
    `study --arms mim+acl@vit --title 'A + B'\\''s'`,
  );
});

test("times are read with their units", () => {
  assert.deepEqual(
    ["55m", "11h30m", "90s", "2h", "0:10:00", "1h5s"].map(durationSeconds),
    [3300, 41400, 90, 7200, 600, 3605],
  );
  for (const text of ["", "m", "5 m", "1d", "0m", "-5m", "20"])
    assert.throws(() => durationSeconds(text), /Expected a time/);
});

test("a point is in pixels, or in percent of width and height, never half and half", () => {
  assert.deepEqual(point("412,300.5"), { x: 412, y: 300.5, unit: "pixels" });
  assert.deepEqual(point("55%, 40%"), { x: 0.55, y: 0.4, unit: "shares" });
  for (const text of ["412", "412,", "a,b", "55%,40", "1,2,3", "1.2.3,4"]) {
    assert.throws(() => point(text), /Expected a point such as/, text);
  }
});

test("lengths are above 0; a spacing has one number, y and x, or z, y and x", () => {
  assert.equal(millimetres("2.5"), 2.5);
  for (const text of ["0", "-1", "x", "", "Infinity"]) assert.throws(() => millimetres(text), /above 0/, text);
  assert.deepEqual([spacing("1"), spacing("0.7,0.8"), spacing("5,0.7,0.8")], [[1], [0.7, 0.8], [5, 0.7, 0.8]]);
  for (const text of ["", "1,2,3,4", "0,1", "1,", "a"])
    assert.throws(() => spacing(text), /one number, y,x or z,y,x/, text);
});

test("named paths are gathered, and a path without a name is refused", () => {
  assert.deepEqual(namedPath("b=c=d.pth", namedPath("mae=x/y.pth")), { mae: "x/y.pth", b: "c=d.pth" });
  for (const text of ["x.pth", "=x.pth", "mae=", "a/b=x"]) assert.throws(() => namedPath(text), /such as mae=/, text);
});
