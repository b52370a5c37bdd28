/** What a run does with a store's catalog before its first step. */
import { openStore, splitStores } from "@medssl/datasets";
import { Sampler } from "@medssl/learn";
import { serve } from "../contender.ts";

await serve({
  start({ store: dir }: { store: string }) {
    const times: Record<string, number> = {};
    const timed = <Result>(name: string, work: () => Result): Result => {
      const began = performance.now();
      const result = work();
      times[name] = performance.now() - began;
      return result;
    };
    const store = timed("open", () => openStore(dir));
    const { train, test } = timed("split", () => splitStores([store], { seed: 1, testFraction: 0.2 }));
    const order = timed("order", () => new Sampler(store.info.cases, 1).next(store.info.cases));
    const cases = timed("cases", () => store.cases);
    const counts = { rows: cases.length, patients: train.length + test.length, ordered: order.length };
    return { times, counts, megabytes: process.resourceUsage().maxRSS / 1e3 };
  },
});
