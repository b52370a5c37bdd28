/**
 * `npm run bench -- NAME... [--json]`: without a name, all of them. Each prints a table, or one JSON object.
 */
import { run as call } from "./call.ts";
import { run as catalog } from "./catalog.ts";
import { run as inference } from "./inference.ts";
import { run as ingest } from "./ingest.ts";
import { run as interchange } from "./interchange.ts";
import { run as loader } from "./loader.ts";
import { run as metrics } from "./metrics.ts";
import { run as predict } from "./predict.ts";
import { run as pretrain } from "./pretrain.ts";
import { run as regions } from "./regions.ts";
import { run as suggest } from "./suggest.ts";

/** What a benchmark found; in `rows` every ours/theirs ratio is called `ratio`, every memory ratio `memRatio`. */
export interface BenchmarkResult {
  readonly name: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

const benchmarks: Readonly<Record<string, () => Promise<BenchmarkResult>>> = {
  pretrain,
  call,
  loader,
  interchange,
  ingest,
  catalog,
  regions,
  metrics,
  inference,
  predict,
  suggest,
};

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const unknown = names.find((name) => benchmarks[name] === undefined);
if (unknown !== undefined) {
  console.error(`No benchmark "${unknown}": there are ${Object.keys(benchmarks).join(", ")}.`);
  process.exit(1);
}
for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
  const result = await benchmarks[name]!();
  if (args.includes("--json")) console.log(JSON.stringify(result));
  else {
    console.log(`\n${name}`);
    console.table(result.rows);
  }
}
