/**
 * What a call costs: the sum of two tensors of one element, in microseconds.
 *
 * Three ways to free the result: a scope around many calls, `using`, and the garbage collector. Python's counts references.
 */
import { execFileSync } from "node:child_process";
import { ones, scope, setNumThreads, type Tensor } from "@medssl/torch";
import { peerPython } from "./peers.ts";
import type { BenchmarkResult } from "./run.ts";
import { median } from "./statistics.ts";

const CALLS = 100_000;
const ROUNDS = 9;

const theirCode = `
import torch, time
torch.set_num_threads(1)
x = torch.ones(1)
def turn():
    start = time.perf_counter()
    for _ in range(${CALLS}): x.add(x)
    return (time.perf_counter() - start) / ${CALLS} * 1e6
turn()
print(sorted(turn() for _ in range(${ROUNDS}))[${ROUNDS} // 2])
`;

function micros(calls: () => void): number {
  const turn = () => {
    const start = performance.now();
    calls();
    return ((performance.now() - start) / CALLS) * 1e3;
  };
  turn();
  return Number(median(Array.from({ length: ROUNDS }, turn)).toFixed(2));
}

export async function run(): Promise<BenchmarkResult> {
  setNumThreads(1);
  const x: Tensor = ones([1]);
  const repeat = (call: () => void) => () => {
    for (let i = 0; i < CALLS; i++) call();
  };
  const ways = {
    "in a scope": micros(() => scope(repeat(() => x.add(x)))),
    using: micros(
      repeat(() => {
        using _sum = x.add(x);
      }),
    ),
    "garbage collector": micros(repeat(() => x.add(x))),
  };
  const theirs = Number(Number(execFileSync(peerPython(), ["-c", theirCode], { encoding: "utf8" })).toFixed(2));
  const rows = Object.entries(ways).map(([freed, ours]) => ({
    freed,
    "ours us": ours,
    "theirs us": theirs,
    ratio: Number((ours / theirs).toFixed(2)),
  }));
  return { name: "call", rows };
}
