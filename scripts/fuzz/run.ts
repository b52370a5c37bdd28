/**
 * `npm run fuzz -- [COUNT] [SEED] [FOLDER]`: COUNT damaged files (default 5000) through the reader pool.
 *
 * Prints how each format fared, and ends with exit code 1 where a rule was broken; the files that broke one are written to
 * FOLDER, if it is named.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fuzz, MAX_RSS_BYTES } from "./fuzz.ts";
import { fixtureSeeds, realSeeds } from "./seeds.ts";

const [count = "5000", seed = "1", folder] = process.argv.slice(2);
const real = realSeeds();
const seeds = [...fixtureSeeds(), ...(real ?? [])];
console.log(`${count} files made of ${seeds.length}${real ? "" : ", real ones missing"}, seed ${seed}`);
const began = performance.now();
const { counts, violations, maxRssBytes, slowestMs } = await fuzz(seeds, Number(count), Number(seed));
const outcomes = [...new Set(Object.values(counts).flatMap(Object.keys))].sort();
console.table(
  Object.fromEntries(
    Object.entries(counts).map(([format, ofFormat]) => [
      format,
      Object.fromEntries(outcomes.map((outcome) => [outcome.replace("ERR_", ""), ofFormat[outcome] ?? 0])),
    ]),
  ),
);
for (const [i, { mutant, what }] of violations.entries()) {
  console.log(`BROKEN ${i}: ${mutant.seed.format} ${mutant.seed.name}, ${mutant.kind}: ${what}`);
  if (folder === undefined) continue;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${i}-${mutant.seed.name}`), mutant.bytes);
}
const megabytes = Math.round(maxRssBytes / 2 ** 20);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${violations.length} broken rules; at most ${megabytes} MB of memory; ${seconds} s, at most ${Math.round(slowestMs)} ms without an answer`,
);
if (violations.length > 0 || maxRssBytes > MAX_RSS_BYTES) process.exitCode = 1;
