import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Pseudonyms, shiftDate } from "./deidentify-pseudonyms.ts";

const salt = Uint8Array.from({ length: 32 }, (_, i) => i);
const pseudonyms = new Pseudonyms(salt);

test("a UID becomes a UUID of version 8 in decimal, by the salt", () => {
  const uid = pseudonyms.uid("1.2.3");
  assert.match(uid, /^2\.25\.(?:0|[1-9]\d*)$/);
  assert.ok(uid.length <= 64);
  const digits = BigInt(uid.slice(5)).toString(16).padStart(32, "0");
  const hash = createHmac("sha256", salt).update("uid\x001.2.3").digest("hex");
  assert.equal(digits.slice(0, 12), hash.slice(0, 12));
  assert.match(digits, /^.{12}8.{3}[89ab]/);
  assert.notEqual(uid, new Pseudonyms(new Uint8Array(32)).uid("1.2.3"));
  assert.equal(pseudonyms.uid("1.2.840.10008.1.2"), "1.2.840.10008.1.2");
});

test("days are told apart by patient and lie within ten years before", () => {
  const shifts = Array.from({ length: 500 }, (_, i) => pseudonyms.shiftDays(`${i}`));
  assert.ok(shifts.every((days) => days <= -1 && days >= -3652));
  assert.ok(new Set(shifts).size > 400);
});

test("dates move over months, leap years and with the time behind them", () => {
  assert.equal(shiftDate("20240301", -1), "20240229");
  assert.equal(shiftDate("20230301", -1), "20230228");
  assert.equal(shiftDate("1997.04.24", -30), "19970325");
  assert.equal(shiftDate("20200101235959.123456+0100", -365), "20190101235959.123456+0100");
  assert.equal(shiftDate(" 20200101 ", -1), "20191231");
});

test("what names no day does not move", () => {
  for (const text of ["", "2020", "202013", "20201301", "20200132", "2020-01-01", "yesterday", "20200101x"]) {
    assert.equal(shiftDate(text, -1), undefined, text);
  }
});
