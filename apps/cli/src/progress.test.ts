import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { RunEvent, StepEvent } from "@medssl/contract";
import { type ProgressStream, progressListener } from "./progress.ts";

/** Runs the events, `msPerEvent` apart on a clock of our own, and returns all that was written. */
function written(stream: Omit<ProgressStream, "write">, events: readonly RunEvent[], msPerEvent = 1000): string {
  let text = "";
  let ms = 0;
  const listen = progressListener({ stream: { ...stream, write: (part) => (text += part) }, now: () => ms });
  for (const event of events) {
    ms += msPerEvent;
    listen(event);
  }
  return text;
}

/** What a terminal shows at the end: a carriage return starts the current line anew. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => stripVTControlCharacters(line.slice(line.lastIndexOf("\r") + 1)));
}

const start: RunEvent = { type: "start", name: "[3/12] mim+acl 10% draw 1", totalSteps: 200, firstStep: 0 };
const step = (at: number, extra: Partial<StepEvent> = {}): StepEvent => ({
  type: "step",
  step: at,
  totalSteps: 200,
  loss: 0.1824,
  learningRate: 1e-3,
  imagesPerSecond: 48.25,
  secondsLeft: 75,
  metrics: { mim: 0.61, acl: 1.312 },
  ...extra,
});
const done: RunEvent = { type: "done", isComplete: true, seconds: 33.2 };

test("a terminal shows one live line with all that matters", () => {
  const text = written({ isTTY: true, columns: 200 }, [start, step(100)]);
  assert.deepEqual(screen(text), [
    "[3/12] mim+acl 10% draw 1  \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2591\u2591\u2591\u2591\u2591\u2591\u2591\u2591\u2591\u2591   50%  100/200" +
      "  1:15 min left  loss 0.182  48.3 images/s  mim 0.610  acl 1.312",
  ]);
});

test("a live line is cut to the terminal's width and loses the metrics first", () => {
  const text = written({ isTTY: true, columns: 60 }, [start, step(100)]);
  const [line = ""] = screen(text);
  assert.equal(line.length, 59);
  assert.equal(line, "[3/12] mim+acl 10% draw 1   50%  100/200  1:15 min left  l\u2026");
});

test("a terminal is redrawn at most ten times a second, but always for the last step", () => {
  const events = [start, ...Array.from({ length: 200 }, (_, i) => step(i + 1))];
  const text = written({ isTTY: true, columns: 120 }, events, 10);
  assert.equal(text.split("\u001b[K").length - 1, 1 + 20);
  assert.match(text, /200\/200/);
});

test("runs of a study leave one line each and the live line of the next below", () => {
  const next: RunEvent = { type: "start", name: "[4/12] unet 10% draw 0", totalSteps: 200, firstStep: 0 };
  const lines = screen(written({ isTTY: true, columns: 60 }, [start, step(200), done, next]));
  assert.deepEqual(lines, [
    "\u2713 [3/12] mim+acl 10% draw 1  200/200 in 33 s  loss 0.182  48.3 images/s",
    "[4/12] unet 10% draw 0    0%  0/200",
  ]);
});

test("a note takes a line of its own and the live line goes on below it", () => {
  const note: RunEvent = { type: "note", level: "warning", message: "on plateau" };
  const lines = screen(written({ isTTY: true, columns: 60 }, [start, note, done]));
  assert.equal(lines[0], "warning: on plateau");
  assert.match(lines[1] ?? "", /in 33 s/);
});

test("without a terminal a line comes every five seconds, without control characters", () => {
  const events = [start, ...Array.from({ length: 12 }, (_, i) => step(i + 1)), done];
  const text = written({}, events, 1000);
  assert.deepEqual(text.split("\n"), [
    "[3/12] mim+acl 10% draw 1",
    "[3/12] mim+acl 10% draw 1    2%  5/200  1:15 min left  loss 0.182  48.3 images/s  mim 0.610  acl 1.312",
    "[3/12] mim+acl 10% draw 1    5%  10/200  1:15 min left  loss 0.182  48.3 images/s  mim 0.610  acl 1.312",
    "\u2713 [3/12] mim+acl 10% draw 1  12/200 in 33 s  loss 0.182  48.3 images/s",
    "",
  ]);
});

test("an interrupted run says where it stopped, a resumed one where it begins", () => {
  const resumed: RunEvent = { ...start, firstStep: 80 };
  const lines = written({}, [resumed, step(124), { type: "done", isComplete: false, seconds: 4000 }]).split("\n");
  assert.equal(lines[0], "[3/12] mim+acl 10% draw 1: resumes at step 80");
  assert.match(lines[1] ?? "", /stopped at 124\/200 after 1:06:40 {2}loss/);
});

test("work without a loss or a speed shows neither", () => {
  const reading = step(50, { loss: Number.NaN, imagesPerSecond: 0, secondsLeft: Number.NaN, metrics: {} });
  const text = written({ isTTY: true, columns: 60 }, [start, reading]);
  assert.deepEqual(screen(text), ["[3/12] mim+acl 10% draw 1   25%  50/200"]);
});
