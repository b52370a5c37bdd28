/**
 * How the report writes numbers: Dice in percent with one decimal, differences in points with a sign, plain words for
 * counts and times. One form for text, tables and figures.
 */
import type { Interval } from "../statistics/bootstrap.ts";
import type { LabelCount, Spread } from "./summary.ts";

const MINUS = "\u2212";
const EN_DASH = "\u2013";

/** 0.9261 -> "92.6". */
export function percent(share: number): string {
  return (share * 100).toFixed(1);
}

/** "91.5-92.1", with a dash that is not a minus. @param range Lowest and highest draw, or an interval */
export function percentRange(range: Spread | Interval): string {
  const [low, high] = "low" in range ? [range.low, range.high] : [range.min, range.max];
  return `${percent(low)}${EN_DASH}${percent(high)}`;
}

/** -0.36 -> "-0.36" with a minus that is no hyphen. */
export function decimal(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", MINUS);
}

/** 3.48 -> "+3.5"; what rounds to zero has no sign. */
export function points(value: number): string {
  const text = Math.abs(value).toFixed(1);
  if (text === "0.0") return text;
  return (value < 0 ? MINUS : "+") + text;
}

export function pointsRange({ min, max }: Spread): string {
  return `${points(min)} to ${points(max)}`;
}

/** "1.6 to 3.1", signs where they are needed. */
export function intervalText({ low, high }: Interval): string {
  const bound = (value: number) => (value < -0.05 ? points(value) : Math.abs(value).toFixed(1));
  return `${bound(low)} to ${bound(high)}`;
}

/** "p = 0.002"; below a thousandth "p < 0.001". */
export function pText(p: number): string {
  if (p < 0.001) return "p < 0.001";
  return `p = ${p < 0.01 ? p.toFixed(3) : p >= 0.995 ? "1" : p.toFixed(2)}`;
}

/** "1 draw", "2 draws". */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** "6 images"; "8 patients, 150-160 images" where a patient has several. */
export function labelCountText({ images, patients }: LabelCount): string {
  const imageText = images.min === images.max ? counted(images.min, "image") : `${span(images)} images`;
  if (images.min === patients.min && images.max === patients.max) return imageText;
  return `${patients.min === patients.max ? counted(patients.min, "patient") : `${span(patients)} patients`}, ${imageText}`;
}

/** 45 -> "45 s", 430 -> "7 min 10 s", 4000 -> "1 h 7 min". */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function span({ min, max }: Spread): string {
  return `${min.toLocaleString("en-US")}${EN_DASH}${max.toLocaleString("en-US")}`;
}
