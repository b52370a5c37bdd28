/**
 * The annotation budget in words: "Annotated patients for a Dice of 95.0%: Scratch about 140 (95-230); MIM+ACL about 22 (16-31)."
 */

import type { Study } from "@medssl/contract";
import { armsOf } from "../report/arm.ts";
import type { Answer, ArmForecast, Budget } from "./forecast.ts";

const DASH = "\u2013";

/** One sentence for each wished Dice, then what keeps forecasts from being made or trusted. */
export function budgetSentences(study: Study, budget: Budget): string[] {
  const names = new Map(armsOf(study).map(({ id, name }) => [id, name]));
  const nameOf = ({ arm }: ArmForecast) => names.get(arm)!;
  const wishes = budget.dices.map((dice, i) => {
    const parts = budget.arms
      .filter(({ targets }) => targets[i]!.answer.kind !== "unknown")
      .map((arm) => `${nameOf(arm)} ${answerText(arm.targets[i]!.answer)}`);
    return parts.length === 0 ? [] : [`Annotated patients for a Dice of ${points(dice)}%: ${parts.join("; ")}.`];
  });
  const silent = budget.arms.flatMap((arm) =>
    arm.why === undefined ? [] : [`No forecast for ${nameOf(arm)}: ${arm.why}.`],
  );
  const missed = budget.arms.flatMap((arm) =>
    arm.check?.isMissed ? [`No forecast beyond the measured for ${nameOf(arm)}: ${checkText(arm)}.`] : [],
  );
  return [...wishes.flat(), ...silent, ...missed];
}

/** "about 140 (95-230), 120 more than there are". */
export function answerText(answer: Answer): string {
  switch (answer.kind) {
    case "count":
      return `${countText(answer)}${answer.more > 0 ? `, ${whole(answer.more)} more than there are` : ""}`;
    case "at most":
      return `at most ${whole(answer.count)}`;
    case "more than":
      return `more than ${whole(answer.count)}: too far beyond what was measured`;
    case "never":
      return `not by labels alone: its curve approaches ${points(answer.ceiling)}% (${points(answer.interval[0])}${DASH}${points(answer.interval[1])})`;
    case "unknown":
      return "no forecast";
  }
}

/** "about 140 (95-230)". */
function countText({ count, interval: [low, high] }: Extract<Answer, { kind: "count" }>): string {
  const range = high === Number.POSITIVE_INFINITY ? `${whole(low)} or more` : `${whole(low)}${DASH}${whole(high)}`;
  return `about ${whole(rounded(count))} (${range})`;
}

/** "6 to 57 patients foretold 95.0% (94.1-95.4) for 563, measured were 95.2%". */
export function checkText({ check, levels }: ArmForecast): string {
  if (check === undefined) return "not checked";
  const { count, predicted, interval, measured } = check;
  return (
    `${whole(levels[0]!.count)} to ${whole(levels.at(-2)!.count)} patients foretold ${points(predicted)}% ` +
    `(${points(interval[0])}${DASH}${points(interval[1])}) for ${whole(count)}, measured were ${points(measured)}%`
  );
}

export const points = (dice: number): string => (100 * dice).toFixed(1);

/** Two digits are more than a forecast knows. */
function rounded(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / unit) * unit;
}

const whole = (count: number): string => count.toLocaleString("en-US");
