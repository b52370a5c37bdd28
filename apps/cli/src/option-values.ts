/**
 * Values of options: from the text of the command line, or an error that says what was expected.
 */
import { MedsslError, withSettings } from "@medssl/contract";
import { InvalidArgumentError } from "commander";

/** Whole numbers from `low` to `high`. */
export function integerFrom(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** Seeds and draws, counted from 0. */
export const seed = integerFrom(0, 2 ** 31);

/** "10%" or "10": percent of the training patients. */
export function percent(text: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (!(value > 0 && value <= 100)) {
    throw new InvalidArgumentError("Expected percentages above 0 and up to 100, such as 10%.");
  }
  return value;
}

/** "55m", "11h30m", "90s", or "11:30:00" as Slurm writes it: in seconds. */
export function durationSeconds(text: string): number {
  const [match, hours = "0", minutes = "0", seconds = "0"] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  const clock = /^(\d+):(\d\d):(\d\d)$/.exec(text);
  const [h, m, s] = (clock?.slice(1) ?? [hours, minutes, seconds]).map(Number) as [number, number, number];
  const total = 3600 * h + 60 * m + s;
  if ((match === undefined && clock === null) || total === 0) {
    throw new InvalidArgumentError("Expected a time with its unit, such as 55m, 11h30m, 90s or 11:30:00.");
  }
  return total;
}

/** A part of the whole, above 0 and below 1. */
export function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Expected a number between 0 and 1.");
  return value;
}

/** A length above 0. */
export function millimetres(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("Expected millimetres above 0, such as 2.");
  return value;
}

/** "1", or "0.7,0.7" along y and x, or "5,0.7,0.7" along z, y and x: in mm. */
export function spacing(text: string): [number] | [number, number] | [number, number, number] {
  const values = text.split(",").map(Number);
  if (values.length > 3 || values.some((value) => !(value > 0 && Number.isFinite(value)))) {
    throw new InvalidArgumentError("Expected millimetres above 0: one number, y,x or z,y,x, such as 5,0.7,0.7.");
  }
  return values as ReturnType<typeof spacing>;
}

/** The part of a tile that its neighbour covers as well. */
export function overlapShare(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 0.9)) {
    throw new InvalidArgumentError("Expected a number from 0 to 0.9.");
  }
  return value;
}

/** "412,300" in pixels, or "55%,40%" of width and height. */
export function point(text: string): { x: number; y: number; unit: "pixels" | "shares" } {
  const [, x, xSign, y, ySign] = /^(-?[\d.]+)(%?),(-?[\d.]+)(%?)$/.exec(text.replaceAll(" ", "")) ?? [];
  if (xSign !== ySign || !Number.isFinite(Number(x)) || !Number.isFinite(Number(y))) {
    throw new InvalidArgumentError("Expected a point such as 412,300 in pixels, or 55%,40% of width and height.");
  }
  const divisor = xSign === "%" ? 100 : 1;
  return { x: Number(x) / divisor, y: Number(y) / divisor, unit: xSign === "%" ? "shares" : "pixels" };
}

/** "a,b": its items, each once. */
export const list = (text: string): string[] => [...new Set(text.split(",").map((item) => item.trim()))];

export const percentList = (text: string): number[] => [...new Set(list(text).map(percent))];

/** Repeatable `--set field=value`. */
export const collected = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Repeatable `--weights NAME=PATH`. */
export function namedPath(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, path] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) {
    throw new InvalidArgumentError("Expected a name and a path, such as mae=mae_vit_base.pth.");
  }
  return { ...before, [name]: path };
}

/** The settings of one stage from `--set stage.field=value`, stages told apart by the first word. */
export function stageSettings(
  settings: Readonly<Record<string, unknown>>,
  assignments: readonly string[],
  stage: string,
  stages: readonly string[],
): Record<string, unknown> {
  for (const assignment of assignments) {
    if (!stages.some((name) => assignment.startsWith(`${name}.`))) {
      throw new MedsslError(
        "ERR_SETTING",
        `--set expects ${stages.join(".field=value or ")}.field=value, got "${assignment}"`,
        { hint: `Example: --set ${stages[0]}.steps=350` },
      );
    }
  }
  const own = assignments.filter((assignment) => assignment.startsWith(`${stage}.`));
  return withSettings(
    settings,
    own.map((assignment) => assignment.slice(stage.length + 1)),
  );
}

/** A command line that a shell reads as these words. */
export const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
