/**
 * The progress of runs on stderr, so that stdout stays free for results.
 *
 * Terminal   one live line, redrawn in place at most ten times a second and cut to the terminal's width.
 * Otherwise  (a file, a pipe, CI) a plain line every five seconds.
 * Both       each run ends with a line that stays; notes get lines of their own.
 */
import { styleText } from "node:util";
import type { DoneEvent, NoteEvent, RunEvent, RunListener, StartEvent, StepEvent } from "@medssl/contract";

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const BAR_CELLS = 20;
/** Terminals narrower than this do without the bar: the numbers say the same. */
const BAR_MIN_COLUMNS = 100;
const SHOWN_METRICS = 3;
const CLEAR_TO_END = "\u001b[K";
const CLEAR_LINE = `\r${CLEAR_TO_END}`;

/** The part of a stream that progress needs. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** @default process.stderr */
  readonly stream?: ProgressStream;
  /** A clock in milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** Returns a listener that shows consecutive runs, such as the cells of a study, one after the other. */
export function progressListener(options: ProgressOptions = {}): RunListener {
  const { stream = process.stderr, now = () => performance.now() } = options;
  const isLive = stream.isTTY === true;
  let run: StartEvent | undefined;
  let last: StepEvent | undefined;
  let lastShownMs = Number.NEGATIVE_INFINITY;
  let live = "";

  const draw = () => {
    if (run === undefined) return;
    const columns = stream.columns ?? 80;
    live = fit(progressLine(run, last, columns >= BAR_MIN_COLUMNS), columns - 1);
    // Old text is overwritten, then the rest of it cleared: clearing first would flicker.
    stream.write(`\r${live}${CLEAR_TO_END}`);
  };
  /** Writes a line that stays; the live line, if there is one, moves below it. */
  const print = (line: string) => {
    stream.write(`${live === "" ? "" : CLEAR_LINE}${line}\n`);
    if (live !== "") stream.write(live);
  };

  const start = (event: StartEvent) => {
    run = event;
    last = undefined;
    lastShownMs = now();
    if (isLive) draw();
    else print(event.firstStep > 0 ? `${event.name}: resumes at step ${event.firstStep}` : event.name);
  };
  const step = (event: StepEvent) => {
    last = event;
    const isLast = event.step === event.totalSteps;
    if (now() - lastShownMs < (isLive ? REDRAW_MS : PLAIN_LINE_MS) && !(isLive && isLast)) return;
    lastShownMs = now();
    if (isLive) draw();
    else if (run !== undefined) print(progressLine(run, event, false));
  };
  const done = (event: DoneEvent) => {
    if (run === undefined) return;
    const line = summaryLine(run, last, event);
    if (live !== "") stream.write(CLEAR_LINE);
    live = "";
    const mark = event.isComplete ? "\u2713" : "\u2013";
    print(`${isLive ? paint(event.isComplete ? "green" : "yellow", mark) : mark} ${line}`);
    run = undefined;
  };
  const note = (event: NoteEvent) => {
    const line = event.level === "warning" ? `warning: ${event.message}` : event.message;
    print(isLive && event.level === "warning" ? paint("yellow", line) : line);
  };

  return (event: RunEvent) => {
    if (event.type === "start") start(event);
    else if (event.type === "step") step(event);
    else if (event.type === "note") note(event);
    else done(event);
  };
}

/** Most important first, because a narrow terminal cuts the end off. */
function progressLine(run: StartEvent, last: StepEvent | undefined, hasBar: boolean): string {
  const step = last?.step ?? run.firstStep;
  const done = run.totalSteps > 0 ? step / run.totalSteps : 0;
  const filled = Math.round(done * BAR_CELLS);
  const bar = hasBar ? ["\u2588".repeat(filled) + "\u2591".repeat(BAR_CELLS - filled)] : [];
  const position = [`${Math.floor(done * 100)}%`.padStart(4), `${step}/${run.totalSteps}`];
  if (last === undefined) return [run.name, ...bar, ...position].join("  ");
  const left = Number.isFinite(last.secondsLeft) ? [`${duration(last.secondsLeft)} left`] : [];
  // The parts of the loss; the other numbers are in metrics.jsonl.
  const parts = Object.entries(last.metrics).slice(0, SHOWN_METRICS);
  const metrics = parts.map(([name, value]) => `${name} ${figures(value)}`);
  const memory = last.memoryBytes === undefined ? [] : [`${(last.memoryBytes / 1e9).toFixed(1)} GB`];
  return [run.name, ...bar, ...position, ...left, ...lossAndSpeed(run, last), ...memory, ...metrics].join("  ");
}

function summaryLine(run: StartEvent, last: StepEvent | undefined, event: DoneEvent): string {
  const step = last?.step ?? run.firstStep;
  const parts = event.isComplete
    ? [run.name, `${step}/${run.totalSteps} in ${duration(event.seconds)}`]
    : [run.name, `stopped at ${step}/${run.totalSteps} after ${duration(event.seconds)}`];
  return [...parts, ...(last === undefined ? [] : lossAndSpeed(run, last))].join("  ");
}

/** Work without a loss, such as reading files, says NaN and shows none. */
function lossAndSpeed({ unit = "images" }: StartEvent, event: StepEvent): string[] {
  const loss = Number.isFinite(event.loss) ? [`loss ${figures(event.loss)}`] : [];
  const hasSpeed = Number.isFinite(event.imagesPerSecond) && event.imagesPerSecond > 0;
  return hasSpeed ? [...loss, `${figures(event.imagesPerSecond)} ${unit}/s`] : loss;
}

/** No colors where the environment asks for none (NO_COLOR). */
function paint(color: "green" | "yellow", line: string): string {
  return styleText(color, line, { stream: process.stderr });
}

/** Whole numbers as they are, others by three significant figures without an exponent where it can be avoided. */
function figures(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.001 || size === 0 ? value.toFixed(3) : value.toExponential(1);
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)} min`;
}

function fit(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}\u2026`;
}
