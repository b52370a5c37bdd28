/**
 * Two programs that live long and take turns, a few steps each: the machine's other work falls on both.
 *
 * Check   before anything is timed both must give the same losses over three steps.
 * Ratio   the median over the pairs of turns; beside it the middle half of them.
 */
import assert from "node:assert/strict";
import { Contender } from "../contender.ts";
import { fixed, median, quantile } from "../statistics.ts";
import { type StepSettings, stepFlops } from "./settings.ts";

export interface Turns {
  readonly rounds: number;
  readonly stepsInATurn: number;
}

interface Seconds {
  readonly seconds: number;
  /** Of all threads: other programs change it less. */
  readonly cpuSeconds: number;
}

export interface Timing {
  /** Seconds of a step, medians. */
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  /** The middle half of the pairs' ratios. */
  readonly middle: readonly [number, number];
  /** Of the seconds that the processors worked. */
  readonly cpuRatio: number;
}

/** Lets both sides take turns, the order changing. */
export async function takeTurns(
  { rounds }: Turns,
  first: () => Promise<Seconds>,
  second: () => Promise<Seconds>,
): Promise<Timing> {
  const pairs: { ours: Seconds; theirs: Seconds }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const ours = await first();
      pairs.push({ ours, theirs: await second() });
    } else {
      const theirs = await second();
      pairs.push({ ours: await first(), theirs });
    }
  }
  const ratios = pairs.map(({ ours, theirs }) => ours.seconds / theirs.seconds);
  return {
    ours: median(pairs.map(({ ours }) => ours.seconds)),
    theirs: median(pairs.map(({ theirs }) => theirs.seconds)),
    ratio: median(ratios),
    middle: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    cpuRatio: median(pairs.map(({ ours, theirs }) => ours.cpuSeconds / theirs.cpuSeconds)),
  };
}

/** For a table. @param digits Of milliseconds. */
export const timingColumns = ({ ours, theirs, ratio, middle, cpuRatio }: Timing, digits = 0) => ({
  "ours ms": fixed(1e3 * ours, digits),
  "theirs ms": fixed(1e3 * theirs, digits),
  ratio: fixed(ratio, 3),
  cpuRatio: fixed(cpuRatio, 3),
  "middle half": middle.map((value) => value.toFixed(2)).join("..."),
});

export interface Comparison extends Timing {
  /** Largest resident size of each process, or its peak on the device. */
  readonly memory: readonly [ours: number, theirs: number];
  /** Operations a second that the step comes to. */
  readonly rates: readonly [ours: number, theirs: number];
  /** Those of a large matrix product, ours, asked between the turns; median. */
  readonly productRate: number;
}

/** Sides of a matrix product that fills the machine. */
const PRODUCT_SIZE = { cpu: 2048, cuda: 8192 } as const;

/** @param isCompiled Whether the peer is run through `torch.compile`. */
export async function compareSteps(
  python: string,
  settings: StepSettings,
  turns: Turns,
  isCompiled: boolean,
): Promise<Comparison> {
  const ours = Contender.ours("pretrain/ours.ts");
  const theirs = Contender.theirs(python, "peers/masked_autoencoder.py");
  const { device } = settings;
  try {
    await ours.ask("prepare", { ...settings });
    await theirs.ask("prepare", { ...settings, isCompiled });
    const own = await ours.ask<{ losses: number[] }>("losses", { count: 3 });
    const other = await theirs.ask<{ losses: number[] }>("losses", { count: 3 });
    const tolerance = settings.precision === "float32" ? 1e-4 : 3e-2;
    own.losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - other.losses[i]!) < tolerance, `losses differ: ${own.losses} and ${other.losses}`);
    });
    const turn = (side: Contender) => () => side.ask<Seconds>("steps", { count: turns.stepsInATurn });
    await takeTurns({ ...turns, rounds: 1 }, turn(ours), turn(theirs)); // warm-up
    const products: number[] = [];
    const ourTurn = async () => {
      products.push((await ours.ask<{ rate: number }>("product", { size: PRODUCT_SIZE[device] })).rate);
      return await turn(ours)();
    };
    const timing = await takeTurns(turns, ourTurn, turn(theirs));
    const memory = async (side: Contender) => (await side.ask<{ bytes: number }>("memory", { device })).bytes;
    const flops = stepFlops(settings);
    return {
      ...timing,
      memory: [await memory(ours), await memory(theirs)],
      rates: [flops / timing.ours, flops / timing.theirs],
      productRate: median(products),
    };
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}

/** The joint step's time in that of masked image modelling on as many crops; both ours. */
export async function compareJoint(
  values: { readonly device: string; readonly threads: number; readonly recipe: object },
  turns: Turns,
): Promise<Timing> {
  const ours = Contender.ours("pretrain/ours.ts");
  try {
    await ours.ask("prepareJoint", values);
    const turn = (method: string) => () => ours.ask<Seconds>("jointSteps", { method, count: turns.stepsInATurn });
    await takeTurns({ ...turns, rounds: 1 }, turn("mim+acl"), turn("mim")); // warm-up
    return await takeTurns(turns, turn("mim+acl"), turn("mim"));
  } finally {
    await ours.end();
  }
}
