/** HD95 and NSD, each from the masks on. */
import { readFileSync } from "node:fs";
import { distancesBetween, hd95, nsd } from "@medssl/learn";
import { serve } from "../contender.ts";
import type { MaskPairFile } from "./masks.ts";

interface Prepared extends MaskPairFile {
  readonly toleranceMm: number;
}

let pair: Prepared;
let [truth, prediction] = [new Uint8Array(), new Uint8Array()];

function timed(metric: (distances: NonNullable<ReturnType<typeof distancesBetween>>) => number) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const value = metric(distancesBetween(truth, prediction, { ...pair, value: 1 })!);
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  return { value, seconds, cpuSeconds: (user + system) / 1e6 };
}

await serve({
  prepare(values: Prepared) {
    pair = values;
    [truth, prediction] = [new Uint8Array(readFileSync(pair.truth)), new Uint8Array(readFileSync(pair.prediction))];
    return {};
  },
  hd95: () => timed(hd95),
  nsd: () => timed((distances) => nsd(distances, pair.toleranceMm)),
});
