/**
 * Kills a pre-training run twenty times at random moments, goes on each time, and compares it with one that was left alone:
 * every loss and every byte of the encoder. `npm run kill-and-resume [-- --seed N]`; half a minute on idle cores.
 *
 * A kill is SIGKILL: nothing in the process can prepare for it. Moments are drawn over the whole life of a process, so that
 * some fall into its start, some into a step and some into the writing of a checkpoint, of which there is one every 5 steps.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@medssl/datasets";

const KILLS = 20;
const STEPS = 240;
const main = fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url));
const seedAt = process.argv.indexOf("--seed");
const random = new Random(seedAt < 0 ? Date.now() : Number(process.argv[seedAt + 1]));
const dir = mkdtempSync(join(tmpdir(), "medssl-kill-"));

const recipe = {
  steps: STEPS,
  batchSize: 32,
  inputSize: 64,
  encoder: { patchSize: 8, embedDim: 96, depth: 4, numHeads: 3 },
  decoder: { embedDim: 64, depth: 1, numHeads: 2 },
  checkpointEverySteps: 5,
};
writeFileSync(join(dir, "recipe.json"), JSON.stringify(recipe));

/** @param killAfterMs undefined: it comes to its end. @returns Whether it did. */
function medssl(args: readonly string[], killAfterMs?: number): Promise<boolean> {
  const child = spawn(process.execPath, [main, ...args], { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL" || code === 0) resolve(code === 0);
      else reject(new Error(`medssl ${args.join(" ")} ended with ${code ?? signal}:\n${stderr}`));
    });
  });
}

const pretrain = (out: string) => [
  "pretrain",
  "--store",
  "store",
  "--recipe",
  "recipe.json",
  "--threads",
  "1",
  "--resume",
  "--out",
  out,
];

interface Line {
  readonly step: number;
  readonly loss: number;
}
const metrics = (out: string): Line[] =>
  readFileSync(join(dir, out, "metrics.jsonl"), "utf8")
    .split("\n")
    .flatMap((text) => {
      try {
        return [JSON.parse(text)];
      } catch {
        return []; // cut off by a kill
      }
    });
const lastStep = (out: string): number => {
  try {
    return metrics(out).at(-1)?.step ?? 0;
  } catch {
    return 0; // not even begun
  }
};

await medssl(["phantom", "--task", "lungs", "--cases", "60", "--size", "96", "--out", "phantoms"]);
await medssl(["ingest", "phantoms", "--store", "store", "--size", "96", "--modality", "xray"]);
const timed = async (args: readonly string[]): Promise<number> => {
  const beganMs = performance.now();
  await medssl(args);
  return performance.now() - beganMs;
};
const startMs = await timed([...pretrain("start"), "--time-limit", "1s"]);
const wholeMs = await timed(pretrain("whole"));

const kills: { "after s": number; "steps done": number }[] = [];
while (kills.length < KILLS) {
  // Half of them fall into the start, the others into the first tenth of a run: twenty do not finish it.
  const afterMs = random.next() * (random.next() < 0.5 ? startMs : startMs + wholeMs / 10);
  if (await medssl(pretrain("killed"), afterMs)) break;
  kills.push({ "after s": Number((afterMs / 1000).toFixed(2)), "steps done": lastStep("killed") });
}
await medssl(pretrain("killed"));
console.table(kills);

const [whole, killed] = [metrics("whole"), metrics("killed")];
const differing = whole.filter(({ loss }, i) => killed[i]?.loss !== loss).length;
const encoders = ["whole", "killed"].map((out) => readFileSync(join(dir, out, "encoder.safetensors")));
const areEqual = encoders[0]!.equals(encoders[1]!) && whole.length === killed.length && differing === 0;
console.log(
  `${kills.length} kills; ${killed.length} of ${whole.length} steps, ${differing} losses differ; encoders ${
    encoders[0]!.equals(encoders[1]!) ? "equal" : "DIFFER"
  }`,
);
process.exitCode = areEqual && kills.length === KILLS ? 0 : 1;
