/** Draws that the phantoms make over and over, on top of the shared stream of chance. */

import type { Random } from "../random.ts";

/** A number in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.next();
}

export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** A normal draw of that mean and deviation, cut at two deviations: anatomy varies, but not without bound. */
export function around(random: Random, mean: number, deviation: number): number {
  return mean + deviation * Math.max(-2, Math.min(2, random.normal()));
}

export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(items.length)]!;
}

/** 0 below `low`, 1 above `high`, smooth between them. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
